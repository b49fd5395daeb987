import latency from '../../faults/latency.js';
import refuse from '../../faults/refuse.js';
import reset from '../../faults/reset.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { heartbeatHashes } from '../../harness/heartbeats.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 10_000;
/** What is under way when the link is cut is lost: a cut without latency would be kinder than any real one. */
const LATENCY_MS = 80;
const LATE_MS = 3000;
const MISSED = 50;
const OUTAGE_MS = 30_000;
const RETURN_MS = 60_000;
const AFTER_MS = 5000;

export default defineScenario({
  id: 'resume',
  about: 'the client is cut while messages flow and misses 50; what does it present, and what does it get?',
  role: 'client',
  lane: 'quiet',
  faults: ['latency', 'reset', 'refuse'],
  windowMs: 6000 + BASELINE_MS + 12_000 + 30_000 + AFTER_MS,
  async run(context) {
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const path = await context.openToxicPath({ name: 'victim', to: upstream });
    const victims = path.near;
    const witnesses = await context.openGate({ name: 'witness', to: upstream });
    const words = heartbeatHashes((text) => context.observer.hash(text));
    context.measure('heartbeat words', Object.fromEntries([...words].map((hash, index) => [index, hash])));
    await context.startClient({ name: 'victim', gate: victims });
    const witness = await context.mustOpen({ name: 'witness', to: witnesses });
    await context.watch(ARRIVE_MS, () => victims.live.find(({ served }) => served));
    context.phase('baseline');
    await context.watch(context.ms(BASELINE_MS));
    const held = victims.live.find(({ served, ended }) => served && !ended);
    if (!held || nowMs() - held.openedAtMs < 0.9 * context.ms(BASELINE_MS)) {
      return context.obstacle('BASELINE', 'the client did not hold a session for 10 s on a healthy path');
    }
    context.phase('fault', 'latency');
    await context.inject(latency, path, { latencyMs: LATENCY_MS, jitterMs: LATENCY_MS / 2, bothWays: false });
    await context.watch(context.ms(LATE_MS));
    context.phase('fault', 'cut');
    const door = await context.inject(refuse, victims, { gate: 'victim' });
    await context.inject(reset, [victims], {});
    const before = witness.received;
    await context.watch(context.ms(OUTAGE_MS), () => witness.received >= before + MISSED);
    await door.heal();
    context.phase('recovery');
    const reopenedMs = nowMs();
    const back = await context.watch(context.ms(RETURN_MS), () =>
      victims.live.find(({ openedAtMs, served }) => openedAtMs >= reopenedMs && served),
    );
    context.measure('back', { returned: back !== undefined, conn: back?.id ?? null });
    if (back) await context.watch(context.ms(AFTER_MS));
  },
});
