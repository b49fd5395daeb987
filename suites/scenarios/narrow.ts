import bandwidth from '../../faults/bandwidth.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';

/** 4 Mbit/s, a poor mobile link. */
const RATE_KBPS = 500;
const BASELINE_MS = 10_000;
const NARROW_MS = 15_000;
/** A tap records a message that is larger by its size alone; what waits behind it is seen all the same. */
const SMALL_RATE_SHARE = 0.5;

export default defineScenario({
  id: 'narrow',
  about: 'one session on a healthy link, then it and a second one on a link of 4 Mbit/s',
  role: 'server',
  lane: 'quiet',
  faults: ['bandwidth'],
  windowMs: BASELINE_MS + NARROW_MS + 2000,
  async run(context) {
    const server = await context.startServer();
    const path = await context.openToxicPath({ name: 'narrow', to: server, tapFar: true });
    const first = await context.mustOpen({ name: 'first', to: path.near });
    context.phase('baseline');
    const startMs = nowMs();
    await context.watch(context.ms(BASELINE_MS));
    const bytesPerS = first.receivedBytes / ((nowMs() - startMs) / 1000);
    const fits = bytesPerS < SMALL_RATE_SHARE * RATE_KBPS * 1000;
    context.measure('rate', { bytesPerS: Math.round(bytesPerS), linkBytesPerS: RATE_KBPS * 1000, fits });
    if (!fits) return;
    context.phase('fault');
    await context.inject(bandwidth, { path, to: server }, { rateKBps: RATE_KBPS });
    // What a newcomer is greeted with holds up what follows, too.
    const second = await context.openSession({ name: 'second', to: path.near });
    await context.watch(context.ms(NARROW_MS), () => !first.isOpen && ('refused' in second || !second.isOpen));
  },
});
