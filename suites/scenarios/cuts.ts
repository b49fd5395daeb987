import latency from '../../faults/latency.js';
import refuse from '../../faults/refuse.js';
import reset from '../../faults/reset.js';
import slicer from '../../faults/slicer.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { heartbeatHashes } from '../../harness/heartbeats.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 10_000;
/** What is under way when the link is cut is lost: a cut without latency would be kinder than any real one. */
const LATENCY_MS = 150;
const JITTER_MS = 50;
/** Enough to see the latency and the slices act. */
const LATE = 8;
const LATE_MS = 10_000;
/** Toxiproxy writes tens of thousands of slices a second; a stream beyond that is cut less finely. */
const SLICES_PER_S = 20_000;
const CUTS = 4;
/** No further cut after so long: a client may wait half a minute before each return. */
const CUTTING_MS = 60_000;
/** From the return to the next cut; the least of it hits a replay in its middle. */
const SOONEST_MS = 300;
const LATEST_MS = 6000;
/** A value is asked for within 5 s (`stale-after-reconnect`). */
const CURRENT_MS = 6000;
/** A client that sends is cut while something of its own is under way. */
const SENDS_MS = 3000;
const SENDS_STEP_MS = 5;
const MISSED = 5;
const OUTAGE_MS = 10_000;
const RETURN_MS = 60_000;
/** A refetch may take 5 s (CHECKLIST rule 9), and who waits for an answer in vain may send again after half a minute. */
const SETTLE_MS = 10_000;
const SEND_AGAIN_MS = 35_000;

export default defineScenario({
  id: 'cuts',
  about:
    'latency with jitter, 1-byte slices, and cuts at random moments, while a witness sees the same messages undisturbed',
  role: 'client',
  lane: 'quiet',
  faults: ['latency', 'slicer', 'reset', 'refuse'],
  windowMs: 6000 + BASELINE_MS + LATE_MS + 40_000 + SEND_AGAIN_MS,
  async run(context) {
    const { target, random } = context;
    const upstream = target.server ? await context.startServer() : await context.startReference();
    const path = await context.openToxicPath({ name: 'victim', to: upstream, tapFar: true });
    const { near, far } = path;
    const witnesses = await context.openGate({ name: 'witness', to: upstream });
    const words = heartbeatHashes((text) => context.observer.hash(text));
    context.measure('heartbeat words', Object.fromEntries([...words].map((hash, index) => [index, hash])));
    let sends = false;
    const onReport = ({ event }: { readonly event: string }) => {
      sends ||= event === 'sent';
    };
    await context.startClient({ name: 'victim', gate: near, onReport });
    const witness = await context.mustOpen({ name: 'witness', to: witnesses });
    const live = (sinceMs: number) => near.live.find((one) => one.openedAtMs >= sinceMs && one.served && !one.ended);
    await context.watch(ARRIVE_MS, () => live(0));
    context.phase('baseline');
    await context.watch(context.ms(BASELINE_MS));
    const held = live(0);
    const heldMs = held ? nowMs() - held.openedAtMs : 0;
    if (!held || heldMs < 0.9 * context.ms(BASELINE_MS)) {
      return context.obstacle('BASELINE', 'the client did not hold a session for 10 s on a healthy path');
    }
    context.phase('fault', 'trouble');
    const sizeBytes = Math.max(1, Math.ceil(held.downBytes / (heldMs / 1000) / SLICES_PER_S));
    await context.inject(latency, path, { latencyMs: LATENCY_MS, jitterMs: JITTER_MS, bothWays: true });
    await context.inject(slicer, path, { sizeBytes });
    const calm = witness.received;
    await context.watch(LATE_MS, () => witness.received >= calm + LATE);
    const beganMs = nowMs();
    for (let cut = 1; cut <= CUTS && (cut < 2 || nowMs() - beganMs < context.ms(CUTTING_MS)); cut++) {
      const sent = live(0)?.said ?? 0;
      if (sends) await context.watch(SENDS_MS, () => (live(0)?.said ?? 0) > sent, SENDS_STEP_MS);
      context.phase('fault', `cut-${cut}`);
      const cutMs = nowMs();
      const door = await context.inject(refuse, near, { gate: 'victim' });
      // Both gates in one instant, so that what is under way between them reaches nobody.
      await context.inject(reset, [near, far], {});
      const before = witness.received;
      await context.watch(context.ms(OUTAGE_MS), () => witness.received >= before + MISSED);
      await door.heal();
      const back = await context.watch(context.ms(RETURN_MS), () => live(cutMs));
      context.phase('recovery', `cut-${cut}`);
      context.measure('back', { cut, returned: back !== undefined, conn: back?.id ?? null });
      if (!back) return;
      const soonest = target.delivery === 'latest' ? CURRENT_MS : SOONEST_MS;
      await context.watch(context.ms(random.integer(soonest, soonest + LATEST_MS)));
    }
    await context.watch(context.ms(sends ? SEND_AGAIN_MS : SETTLE_MS));
  },
});
