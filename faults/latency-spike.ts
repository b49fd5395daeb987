import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import type { ToxicPath } from '../harness/path/toxic-path.js';

const LOOK_MS = 100;
/** Of the spike asked for: what was seen must be at least this share of it. */
const SHARE = 0.8;
/** What passed just before the toxic did may arrive after it was there. */
const FIRST = 3;
/** Bytes that were late by this share of it when their connection was dropped would have been later still. */
const HELD_SHARE = 0.2;

/** What the server sends arrives later by one and the same time, until the spike is over: one gap of that length at its start. */
export default defineFault<ToxicPath, { readonly spikeMs: number }>({
  id: 'latency-spike',
  hop: 'toxiproxy',
  about: "the server's bytes arrive later by a fixed time: a round trip takes that much longer",
  evidence:
    'one gap of the asked length between bytes seen behind Toxiproxy and before it, or bytes that were still on their way when their connection was dropped',
  params: { spikeMs: 'milliseconds' },
  byHand: { subject: 'path', defaults: { spikeMs: 5000 } },
  async inject(path, { spikeMs }, { bite }) {
    // Watched from before: what was on its way when the watch began would be taken for what came later.
    const lag = path.watchLag();
    const toxic = await path.proxy.addToxic({ type: 'latency', attributes: { latency: spikeMs, jitter: 0 } });
    const before = lag.lagsMs.length;
    let bitten = false;
    const look = every(LOOK_MS, () => {
      const seenMs = Math.max(0, ...lag.lagsMs.slice(before, before + FIRST));
      const held = lag.heldMs >= HELD_SHARE * spikeMs;
      if (bitten || (seenMs < SHARE * spikeMs && !held)) return;
      bitten = true;
      bite({ seenMs: Math.round(Math.max(seenMs, lag.heldMs)), askedMs: spikeMs });
    });
    return async () => {
      look[Symbol.dispose]();
      lag[Symbol.dispose]();
      await path.proxy.removeToxic(toxic.name);
    };
  },
});
