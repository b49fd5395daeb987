import { HarnessError } from '../errors.js';
import { type DropWay, dropWays, run } from './packet-drop.js';

/**
 * A network of one's own: everything a scenario starts lives in a fresh namespace that has nothing but loopback, so that
 * fixed ports do not meet and packets may be dropped without touching the machine.
 */
export interface Able {
  readonly ok: boolean;
  readonly reason?: string;
}

/** Set inside; packets are dropped nowhere else. */
const variable = 'HOLDFAST_NETNS';
const script = `ip link set lo up && export ${variable}=1 && exec "$@"`;

/** This process lives in a network namespace of its own. */
export function insideNamespace(): boolean {
  return process.env[variable] === '1';
}

/** As root the plain way; else a user namespace in which we are root. */
const unshares: readonly (readonly string[])[] = [
  ['unshare', '--net'],
  ['unshare', '--user', '--map-root-user', '--net'],
];

let way: readonly string[] | undefined;
let namespaceAble: Able | undefined;

/** Tried once. */
export function canMakeNamespace(): Able {
  if (process.platform !== 'linux') return { ok: false, reason: `${process.platform} has no network namespaces` };
  if (namespaceAble) return namespaceAble;
  const reasons: string[] = [];
  for (const unshare of unshares) {
    const result = run([...unshare, 'sh', '-c', script, 'sh', 'true']);
    if (result === undefined) {
      way = unshare;
      namespaceAble = { ok: true };
      return namespaceAble;
    }
    reasons.push(result);
  }
  namespaceAble = { ok: false, reason: `no network namespace can be made here: ${reasons.join('; ')}` };
  return namespaceAble;
}

let resolverAble: Able | undefined;

/** Whether the files that say how names are resolved can be replaced, for programs of ours alone. Tried once. */
export function canReplaceResolver(): Able {
  const able = canMakeNamespace();
  if (!able.ok || resolverAble) return resolverAble ?? able;
  const problem = run(namespaceCommand(['mount', '--bind', '/dev/null', '/etc/resolv.conf'], 'mounts'));
  resolverAble =
    problem === undefined
      ? { ok: true }
      : { ok: false, reason: `/etc/resolv.conf cannot be replaced here: ${problem}` };
  return resolverAble;
}

/** The argv that runs `argv` inside a fresh namespace; pid, stdio, further descriptors and exit code stay its own. */
export function namespaceCommand(argv: readonly string[], kind: 'network' | 'mounts' = 'network'): string[] {
  const able = canMakeNamespace();
  if (!able.ok || !way) throw new HarnessError('NO_NAMESPACE', able.reason ?? 'no network namespace can be made here');
  return [...way, ...(kind === 'mounts' ? ['--mount'] : []), 'sh', '-c', script, 'sh', ...argv];
}

let dropWay: DropWay | undefined;
let dropAble: Able | undefined;

/** Whether packets of one connection can be dropped, from inside a namespace of ours. Tried once. */
export function canDropPackets(): Able {
  if (!insideNamespace()) return { ok: false, reason: 'not inside a network namespace of our own' };
  if (dropAble) return dropAble;
  const reasons: string[] = [];
  for (const candidate of dropWays) {
    // Ports that no connection has: what is tried must disturb nothing. Two, since some refuse one rule twice.
    const problem = candidate.drop(1, 2) ?? candidate.heal(1, 2);
    if (problem === undefined) {
      dropWay = candidate;
      dropAble = { ok: true };
      return dropAble;
    }
    candidate.heal(1, 2);
    reasons.push(`${candidate.name}: ${problem}`);
  }
  dropAble = { ok: false, reason: `packets cannot be dropped here (${reasons.join('; ')})` };
  return dropAble;
}

/**
 * From now on every packet of this one TCP connection disappears, both ways, ACKs too: no RST, no ICMP, no error at
 * either socket. Dispose to let them pass again.
 */
export async function dropPackets(
  localPort: number,
  remotePort: number,
): Promise<AsyncDisposable & { readonly way: string }> {
  const able = canDropPackets();
  if (!able.ok || !dropWay) throw new HarnessError('NO_PACKET_DROP', able.reason ?? 'packets cannot be dropped here');
  const chosen = dropWay;
  const problem = chosen.drop(localPort, remotePort);
  if (problem !== undefined) {
    chosen.heal(localPort, remotePort);
    throw new HarnessError('NO_PACKET_DROP', `packets cannot be dropped by ${chosen.name}: ${problem}`);
  }
  let healed = false;
  return {
    way: chosen.name,
    async [Symbol.asyncDispose]() {
      if (healed) return;
      healed = true;
      const left = chosen.heal(localPort, remotePort);
      if (left !== undefined)
        throw new HarnessError('NOT_HEALED', `packets are still dropped by ${chosen.name}: ${left}`);
    },
  };
}
