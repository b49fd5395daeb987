import { defineFault } from '../harness/define.js';
import type { StartedServer } from '../harness/target/server.js';

const GONE_MS = 10_000;

/** The process is gone without a word: no handler runs, no goodbye is said. */
export default defineFault<StartedServer, Record<string, never>>({
  id: 'crash',
  hop: 'process',
  about: 'SIGKILL to the whole tree of the server',
  evidence: 'the process and its listening socket gone',
  momentary: true,
  params: {},
  byHand: { subject: 'server', whole: true, defaults: {}, instant: true },
  async inject(server, _, { bite, signal }) {
    const { pid } = server;
    if (server.alive()) {
      server.kill();
      if (await server.gone(GONE_MS, signal)) bite({ pid: pid ?? 0 });
    }
    return () => {};
  },
});
