import { defineFault } from '../harness/define.js';
import type { StartedServer } from '../harness/target/server.js';

/** The stop signal a deploy sends, to the process that owns the listening socket. */
export default defineFault<StartedServer, { readonly signal: string }>({
  id: 'stop',
  hop: 'process',
  about: 'the stop signal, to the process that owns the listening socket',
  evidence: 'the signal delivered to a living process',
  momentary: true,
  params: { signal: 'name of the signal' },
  byHand: { subject: 'server', whole: true, defaults: {}, instant: true },
  async inject(server, { signal }, { bite }) {
    if (server.alive() && server.signalStop()) bite({ signal, pid: server.pid ?? 0 });
    return () => {};
  },
});
