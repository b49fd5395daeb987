import latency from '../../faults/latency.js';
import latencySpike from '../../faults/latency-spike.js';
import type { Gate, Injection } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
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
    await context.watch(ARRIVE_MS, () => gates.every(holds));
    context.phase('baseline');
    await context.watch(context.ms(BASELINE_MS));
    if (!gates.every((gate) => holds(gate) && gate.live.every(({ endedBy }) => endedBy !== 'client'))) {
      return context.obstacle('BASELINE', 'the client did not hold a session for 10 s on a healthy path');
    }
    context.phase('fault');
    const lags = [spiked.watchLag(), jittery?.watchLag()];
    const injections: Injection[] = [
      await context.inject(latencySpike, spiked, { spikeMs: context.ms(SPIKE_MS) }, 'spike'),
    ];
    if (jittery) {
      const asked = { latencyMs: context.ms(JITTER_MS), jitterMs: context.ms(JITTER_MS) };
      injections.push(await context.inject(latency, jittery, asked, 'jitter'));
    }
    await context.watch(context.ms(FAULT_MS));
    context.phase('recovery');
    for (const injection of injections) await injection.heal();
    await context.watch(context.ms(AFTER_MS));
    for (const [index, gate] of [spiked.near, jittery?.near].entries()) {
      const rttMaxMs = (lags[index]?.lagsMs ?? []).reduce((most, ms) => Math.max(most, ms), 0);
      lags[index]?.[Symbol.dispose]();
      if (gate)
        context.measure('spiked', {
          path: gate.name,
          by: 'client',
          rttMaxMs,
          controlOpen: plain ? holds(plain) : true,
        });
    }
  },
});

function holds(gate: Gate): boolean {
  return gate.live.some(({ downBytes, ended }) => downBytes > 0 && !ended);
}
