import { defineFault } from '../harness/define.js';
import type { StartedServer } from '../harness/target/server.js';

/** A server, and what starts a fresh copy in its place. */
export interface Restartable extends StartedServer {
  again(): Promise<void>;
}

/** What a deploy does to a service of one copy: the stop signal, a time of nobody, and a fresh copy at the same place. */
export default defineFault<Restartable, { readonly awayMs: number }>({
  id: 'restart',
  hop: 'process',
  about:
    'the stop signal, and when the server is gone a fresh copy in its place; one that does not leave in time is killed',
  evidence: 'the process and its listening socket gone',
  params: { awayMs: 'milliseconds until it is given up and killed' },
  byHand: { subject: 'server', whole: true, instant: true, defaults: { awayMs: 10_000 } },
  async inject(server, { awayMs }, { bite, signal }) {
    const wasAlive = server.alive();
    server.signalStop();
    const gone = await server.gone(awayMs, signal).catch(() => undefined);
    if (wasAlive && gone) bite({ pid: server.pid ?? 0 });
    return async () => {
      if (!gone) await server.stop();
      await server.again();
    };
  },
});
