import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import type { SilentSession } from '../harness/protocol.js';

const LOOK_MS = 100;

/** A proxy that is started with its idle timeout, and a session through it to a server that says nothing. */
export interface IdleProxy {
  start(idleMs: number): Promise<{ readonly silent: SilentSession; stop(): Promise<void> }>;
}

/** A real proxy with its timeout for what is idle: a tunnel, or an answer that stands still. */
export default defineFault<IdleProxy, { readonly idleMs: number }>({
  id: 'idle-cut',
  hop: 'middlebox',
  about: 'a real proxy (nginx, HAProxy) ends a connection that has been idle for so long',
  evidence: 'a session to a silent server of ours through the same proxy, ended after that time',
  params: { idleMs: 'milliseconds' },
  byHand: { subject: 'idle proxy', defaults: { idleMs: 30_000 }, newcomers: true },
  async inject(proxy, { idleMs }, { bite }) {
    const { silent, stop } = await proxy.start(idleMs);
    let bitten = false;
    const look = every(LOOK_MS, () => {
      if (bitten || silent.endedAtMs === undefined) return;
      bitten = true;
      bite({ idleMs, afterMs: Math.round(silent.endedAtMs - silent.openedAtMs) });
    });
    return async () => {
      look[Symbol.dispose]();
      await stop();
    };
  },
});
