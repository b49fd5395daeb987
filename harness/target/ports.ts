import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { HarnessError } from '../errors.js';

const handedOut = new Set<number>();
/** Hold the claims of this process until it ends. */
const claims: Server[] = [];

/**
 * A free TCP port on loopback, outside the range from which the kernel takes ports for outgoing connections (a storm
 * would use it up before the target binds it), never twice within this process. On Linux a claim (a name in the abstract
 * socket space, which the kernel frees with us) keeps other workers of the machine from taking it meanwhile.
 */
export async function pickPort(): Promise<number> {
  const [low, high] = ephemeralRange();
  const spans: (readonly [number, number])[] = [
    // Above 10080, the last port that fetch and browsers refuse to talk to (WHATWG fetch, "bad port").
    [10_081, low - 1],
    [high + 1, 65_535],
  ];
  const usable = spans.filter(([from, to]) => to - from >= 1_000);
  for (let attempt = 0; attempt < 500; attempt++) {
    // Not from the run's seed: two runs side by side must not meet.
    const [from, to] = usable[randomInt(Math.max(1, usable.length))] ?? [20_000, 65_535];
    const port = randomInt(from, to + 1);
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if ((await claim(port)) && (await isFree(port))) return port;
  }
  throw new HarnessError('NO_PORT', 'no free TCP port was found on loopback in 500 attempts: end what holds them');
}

/** Whether this port can be bound on every loopback and wildcard address this machine has. */
export async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::1', '0.0.0.0', '::']) {
    const bound = await bind({ host, port, ipv6Only: host === '::' });
    if (bound === 'taken') return false;
    if (bound !== 'unavailable') await new Promise((resolve) => bound.close(resolve));
  }
  return true;
}

async function claim(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const bound = await bind({ path: `\0holdfast-port-${port}` });
  if (bound === 'taken') return false;
  if (bound !== 'unavailable') claims.push(bound.unref());
  return true;
}

function bind(options: ListenOptions): Promise<Server | 'taken' | 'unavailable'> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      // A machine without IPv6 has no ::1 to bind; a port below 1024 may not be ours to try.
      resolve(error.code === 'EADDRINUSE' ? 'taken' : 'unavailable'),
    );
    server.listen({ ...options, exclusive: true }, () => resolve(server));
  });
}

function ephemeralRange(): readonly [number, number] {
  try {
    const [low, high] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);
    if (low && high) return [low, high];
  } catch {
    // Not Linux.
  }
  // IANA's, which macOS and Windows use.
  return [49_152, 65_535];
}
