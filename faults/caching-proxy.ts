import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';

const LOOK_MS = 100;

/** A proxy that is started with a cache, and two clients of a short stream of ours through it that says nothing of caches. */
export interface CachingProxy {
  start(): Promise<{ shared(): boolean; stop(): Promise<void> }>;
}

/** nginx with proxy_cache and proxy_cache_valid: what does not forbid it is kept, and given to the next who asks. */
export default defineFault<CachingProxy, { readonly profile: string }>({
  id: 'caching-proxy',
  hop: 'middlebox',
  about: 'a proxy keeps an answer, and gives it to the next client that asks for the same',
  evidence: 'a second client of a stream of ours that got what the first one was sent',
  params: { profile: 'nginx-cache' },
  async inject(proxy, { profile }, { bite }) {
    const { shared, stop } = await proxy.start();
    let bitten = false;
    const look = every(LOOK_MS, () => {
      if (bitten || !shared()) return;
      bitten = true;
      bite({ profile });
    });
    return async () => {
      look[Symbol.dispose]();
      await stop();
    };
  },
});
