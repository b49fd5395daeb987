import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';

const LOOK_MS = 100;
/** Longer than any network would take. */
const LATE_MS = 500;

/** A proxy that is started with its own defaults, and a stream of ours through it that says nothing of proxies. */
export interface BufferingProxy {
  start(): Promise<{ lateMs(): number; stop(): Promise<void> }>;
}

/** nginx with nothing but proxy_pass: it asks the server by HTTP/1.0, and passes an answer on by full buffers. */
export default defineFault<BufferingProxy, { readonly profile: string }>({
  id: 'buffering-proxy',
  hop: 'middlebox',
  about: 'a proxy keeps a stream until a buffer of 4 KiB is full, or the stream has ended',
  evidence: 'an event of a stream of ours through the same proxy that came late',
  params: { profile: 'nginx-default' },
  byHand: { subject: 'buffering proxy', defaults: {}, newcomers: true, protocols: ['sse'] },
  async inject(proxy, { profile }, { bite }) {
    const { lateMs, stop } = await proxy.start();
    let bitten = false;
    const look = every(LOOK_MS, () => {
      if (bitten || lateMs() < LATE_MS) return;
      bitten = true;
      bite({ profile, lateMs: Math.round(lateMs()) });
    });
    return async () => {
      look[Symbol.dispose]();
      await stop();
    };
  },
});
