import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';

const LOOK_MS = 100;

/** A proxy that is started with compression, and a stream of ours through it that does not forbid that. */
export interface CompressingProxy {
  start(): Promise<{ encoding(): string | undefined; stop(): Promise<void> }>;
}

/** HAProxy's compression, which keeps back the end of what it was given; it leaves alone what says `no-transform`. */
export default defineFault<CompressingProxy, { readonly profile: string }>({
  id: 'compressing-proxy',
  hop: 'middlebox',
  about: 'a proxy compresses the stream on its way, and so keeps back the end of each event until the next one',
  evidence: 'a stream of ours through the same proxy that came compressed',
  params: { profile: 'haproxy-gzip' },
  async inject(proxy, { profile }, { bite }) {
    const { encoding, stop } = await proxy.start();
    let bitten = false;
    const look = every(LOOK_MS, () => {
      const seen = encoding();
      if (bitten || seen === undefined) return;
      bitten = true;
      bite({ profile, encoding: seen });
    });
    return async () => {
      look[Symbol.dispose]();
      await stop();
    };
  },
});
