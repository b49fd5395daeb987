import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import { median } from '../harness/numbers.js';
import type { ToxicPath } from '../harness/path/toxic-path.js';
import type { ToxicState } from '../harness/path/toxiproxy.js';

const LOOK_MS = 200;
const SAMPLES = 3;
/** Of the latency asked for: what was seen must be at least this share of it. */
const SHARE = 0.5;

/** What is sent arrives later, by a latency with jitter; nothing is lost, order is kept. */
export default defineFault<
  ToxicPath,
  { readonly latencyMs: number; readonly jitterMs: number; readonly bothWays: boolean }
>({
  id: 'latency',
  hop: 'toxiproxy',
  about: "the server's bytes, or those of both sides, arrive later, by a latency with jitter",
  evidence: 'bytes seen behind Toxiproxy and, later, before it',
  params: { latencyMs: 'milliseconds', jitterMs: 'milliseconds, uniform', bothWays: "the client's bytes too" },
  byHand: { subject: 'path', defaults: { latencyMs: 300, jitterMs: 100, bothWays: true } },
  async inject(path, { latencyMs, jitterMs, bothWays }, { bite }) {
    const attributes = { latency: latencyMs, jitter: jitterMs };
    const streams = bothWays ? (['downstream', 'upstream'] as const) : (['downstream'] as const);
    const toxics: ToxicState[] = [];
    // Watched from before: what was on its way when the watch began would be taken for what came later.
    const lag = path.watchLag();
    for (const stream of streams) toxics.push(await path.proxy.addToxic({ type: 'latency', stream, attributes }));
    const before = lag.lagsMs.length;
    let bitten = false;
    const look = every(LOOK_MS, () => {
      const lagsMs = lag.lagsMs.slice(before);
      if (bitten || lagsMs.length < SAMPLES) return;
      const seenMs = median(lagsMs);
      if (seenMs < SHARE * latencyMs) return;
      bitten = true;
      bite({ seenMs: Math.round(seenMs), askedMs: latencyMs, samples: lagsMs.length });
    });
    return async () => {
      look[Symbol.dispose]();
      lag[Symbol.dispose]();
      for (const { name } of toxics) await path.proxy.removeToxic(name);
    };
  },
});
