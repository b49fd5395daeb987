/** Tricky: streams that live for ever, but for who has acknowledged nothing for 60 s: what TCP_USER_TIMEOUT does for those who can set it (Linux). */
import { readFileSync } from 'node:fs';
import type { TrickyMeta } from '../../program';
import { scaledMs } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'lets go of who acknowledges nothing for 60 s',
  fine: ['sse/leaked-session'],
};

const { PORT = '8080' } = process.env;
/** Of each connection, by the port of its other end. */
const unacknowledgedSince = new Map<number, number>();

function overdue(port: number | undefined): boolean {
  const since = unacknowledgedSince.get(port ?? 0);
  return since !== undefined && Date.now() - since > scaledMs(60_000);
}

/** `  12: 0100007F:1F90 0100007F:D431 01 00000040:00000000 ...`: local, remote, state, bytes not acknowledged and not read. */
function look(): void {
  const rows = readFileSync('/proc/net/tcp', 'latin1').matchAll(/ \w+:(\w{4}) \w+:(\w{4}) \w\w (\w{8}):/g);
  for (const [, local = '', remote = '', queued = ''] of rows) {
    if (Number.parseInt(local, 16) !== Number(PORT)) continue;
    const port = Number.parseInt(remote, 16);
    if (/^0+$/.test(queued)) unacknowledgedSince.delete(port);
    else if (!unacknowledgedSince.has(port)) unacknowledgedSince.set(port, Date.now());
  }
}

if (require.main === module) {
  startServer({
    lifetimeMs: () => null,
    welcome: ({ request: { socket }, response }) => {
      const { remotePort } = socket;
      const looking = setInterval(() => overdue(remotePort) && socket.destroy(), 500);
      response.once('close', () => clearInterval(looking));
    },
  });
  setInterval(look, 500);
}
