import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import { median } from '../harness/numbers.js';
import type { ToxicPath } from '../harness/path/toxic-path.js';

const LOOK_MS = 200;
const SAMPLES = 3;
/** Of the latency asked for: what was seen must be at least this share of it. */
const SHARE = 0.5;

/** What the server sends arrives later, by a latency with jitter; nothing is lost, order is kept. */
export default defineFault<ToxicPath, { readonly latencyMs: number; readonly jitterMs: number }>({
  id: 'latency',
  hop: 'toxiproxy',
  about: "the server's bytes arrive later, by a latency with jitter",
  evidence: 'bytes seen behind Toxiproxy and, later, before it',
  params: { latencyMs: 'milliseconds', jitterMs: 'milliseconds, uniform' },
  async inject(path, { latencyMs, jitterMs }, { bite }) {
    const toxic = await path.proxy.addToxic({ type: 'latency', attributes: { latency: latencyMs, jitter: jitterMs } });
    const lag = path.watchLag();
    let bitten = false;
    const look = every(LOOK_MS, () => {
      if (bitten || lag.lagsMs.length < SAMPLES) return;
      const seenMs = median(lag.lagsMs);
      if (seenMs < SHARE * latencyMs) return;
      bitten = true;
      bite({ seenMs: Math.round(seenMs), askedMs: latencyMs, samples: lag.lagsMs.length });
    });
    return async () => {
      look[Symbol.dispose]();
      lag[Symbol.dispose]();
      await path.proxy.removeToxic(toxic.name);
    };
  },
});
