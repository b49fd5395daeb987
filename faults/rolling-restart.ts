import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import type { StartedServer } from '../harness/target/server.js';

/** One address with the copy behind it, and the copy that takes over; `next` is undefined where two cannot run side by side. */
export interface Address {
  readonly gate: Gate;
  readonly old: StartedServer;
  readonly next: StartedServer | undefined;
}

/** One step of a rolling deploy: new connections go to the new copy, those that there are stay with the old one until it ends them. */
export default defineFault<Address, { readonly signal: string }>({
  id: 'rolling-restart',
  hop: 'process',
  about: 'new connections of one address go to a new copy, and the old one gets the stop signal',
  evidence: 'the signal delivered to a living process',
  momentary: true,
  params: { signal: 'name of the signal' },
  async inject({ gate, old, next }, { signal }, { bite }) {
    if (next) gate.setUpstream(next.host, next.port);
    if (old.alive() && old.signalStop()) bite({ signal, pid: old.pid ?? 0, newPid: next?.pid ?? null });
    return () => {};
  },
});
