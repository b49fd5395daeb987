import latency from '../../faults/latency.js';
import latencySpike from '../../faults/latency-spike.js';
import { nowMs } from '../../harness/clock.js';
import type { Gate, Injection } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import type { ToxicPath } from '../../harness/path/toxic-path.js';
import { AFTER_MS, FAULT_MS, JITTER_MS, SPIKE_MS } from './spike.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 10_000;

export default defineScenario({
  id: 'spike-client',
  about:
    'round trips take 5 s for one client process, and 0 to 4 s at random for another; does it drop its connection?',
  role: 'client',
  lane: 'quiet',
  faults: ['latency-spike', 'latency'],
  windowMs: 6000 + BASELINE_MS + FAULT_MS + AFTER_MS,
  async run(context) {
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const spiked = await context.openToxicPath({ name: 'spike', to: upstream });
    // A client with a port of its own leaves no room for a second one.
    const alone = context.target.client?.listen !== undefined;
    const jittery = alone ? undefined : await context.openToxicPath({ name: 'jitter', to: upstream });
    const plain = alone ? undefined : await context.openGate({ name: 'control', to: upstream });
    const gates = [spiked.near, jittery?.near, plain].filter((gate) => gate !== undefined);
    await Promise.all(gates.map((gate) => context.startClient({ name: gate.name, gate })));
    await context.watch(ARRIVE_MS, () => gates.every((gate) => holds(gate)));
    context.phase('baseline');
    await context.watch(context.ms(BASELINE_MS));
    const healthMs = 0.9 * context.ms(BASELINE_MS);
    const held = (gate: Gate) => gate.live.every(({ endedBy }) => endedBy !== 'client') && holds(gate, healthMs);
    if (!gates.every(held)) {
      return context.obstacle('BASELINE', 'the client did not hold a session for 10 s on a healthy path');
    }
    context.phase('fault');
    const injections: Injection[] = [
      await context.inject(latencySpike, spiked, { spikeMs: context.ms(SPIKE_MS) }, 'spike'),
    ];
    if (jittery) {
      const asked = { latencyMs: context.ms(JITTER_MS), jitterMs: context.ms(JITTER_MS), bothWays: false };
      injections.push(await context.inject(latency, jittery, asked, 'jitter'));
    }
    const watched = [spiked, ...(jittery ? [jittery] : [])].map((path) => watchTrips(path));
    await context.watch(context.ms(FAULT_MS), () => {
      for (const { look } of watched) look();
      return undefined;
    });
    context.phase('recovery');
    for (const injection of injections) await injection.heal();
    await context.watch(context.ms(AFTER_MS));
    const controlOpen = plain ? holds(plain) : true;
    for (const { name, rttMaxMs, stop } of watched) {
      stop();
      context.measure('spiked', { path: name, by: 'client', rttMaxMs: rttMaxMs(), controlOpen });
    }
  },
});

/** The latest arrival on the connection that is there now; once it is dropped nothing can be said of its successor. */
function watchTrips({ near, watchLag }: ToxicPath) {
  const lag = watchLag();
  const held = near.live.find(({ downBytes, ended }) => downBytes > 0 && !ended);
  let [read, most] = [0, 0];
  return {
    name: near.name,
    look() {
      if (held && !held.ended) for (; read < lag.lagsMs.length; read++) most = Math.max(most, lag.lagsMs[read] ?? 0);
    },
    rttMaxMs: () => most,
    stop: () => lag[Symbol.dispose](),
  };
}

function holds(gate: Gate, forMs = 0): boolean {
  return gate.live.some(({ downBytes, ended, openedAtMs }) => downBytes > 0 && !ended && nowMs() - openedAtMs >= forMs);
}
