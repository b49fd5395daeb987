/** What TCP_USER_TIMEOUT is for who can set it, from /proc/net/tcp (Linux): whose client has acknowledged nothing for so long is cut. */
import { readFileSync } from 'node:fs';
import type { Stream } from './sse-behaviour';

const { PORT = '8080' } = process.env;
const LOOK_MS = 100;
/** Of each connection, by the port of its other end. */
const since = new Map<number, number>();

/** `  12: 0100007F:1F90 0100007F:D431 01 00000040:00000000 ...`: local, remote, state, bytes not acknowledged and not read. */
function look(): void {
  const rows = readFileSync('/proc/net/tcp', 'latin1').matchAll(/ \w+:(\w{4}) \w+:(\w{4}) \w\w (\w{8}):/g);
  for (const [, local = '', remote = '', queued = ''] of rows) {
    if (Number.parseInt(local, 16) !== Number(PORT)) continue;
    const port = Number.parseInt(remote, 16);
    if (/^0+$/.test(queued)) since.delete(port);
    else if (!since.has(port)) since.set(port, Date.now());
  }
}

/** Begins to look; what it gives back is done for each stream. */
export function cutAfter(ms: number): (stream: Stream) => void {
  setInterval(look, LOOK_MS);
  return ({ request: { socket }, response }) => {
    const { remotePort = 0 } = socket;
    const cutting = setInterval(
      () => Date.now() - (since.get(remotePort) ?? Date.now()) > ms && socket.destroy(),
      LOOK_MS,
    );
    response.once('close', () => clearInterval(cutting));
  };
}
