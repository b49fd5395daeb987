import latency from '../../faults/latency.js';
import latencySpike from '../../faults/latency-spike.js';
import { every } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import type { ScenarioContext, Session } from '../../harness/scenario.js';

const BASELINE_MS = 3000;
export const SPIKE_MS = 5000;
/** Of 0 to 4 s: less than the spike at its worst. */
export const JITTER_MS = 2000;
/** A heartbeat of 35 s falls into it (CHECKLIST rule 11). */
export const FAULT_MS = 40_000;
/** An end that was on its way is to be seen. */
export const AFTER_MS = 6000;
/** Our own pings are the first bytes that are late; then it is quiet, so that they hide no heartbeat's failing. */
const PINGS = 3;
const PING_EVERY_MS = 1500;
const PONG_MS = 15_000;

export default defineScenario({
  id: 'spike',
  about: 'round trips take 5 s on one session, and 0 to 4 s at random on another; does the server drop them?',
  role: 'server',
  lane: 'quiet',
  faults: ['latency-spike', 'latency'],
  windowMs: BASELINE_MS + FAULT_MS + AFTER_MS + 2000,
  async run(context) {
    const server = await context.startServer();
    const spiked = await context.openToxicPath({ name: 'spike', to: server });
    const jittery = await context.openToxicPath({ name: 'jitter', to: server });
    const plain = await context.openGate({ name: 'control', to: server });
    const sessions = {
      spike: await context.mustOpen({ name: 'spike', to: spiked.near }),
      jitter: await context.mustOpen({ name: 'jitter', to: jittery.near }),
      control: await context.mustOpen({ name: 'control', to: plain }),
    };
    context.phase('baseline');
    await context.watch(context.ms(BASELINE_MS));
    context.phase('fault');
    const injections = [
      await context.inject(latencySpike, spiked, { spikeMs: context.ms(SPIKE_MS) }, 'spike'),
      await context.inject(
        latency,
        jittery,
        { latencyMs: context.ms(JITTER_MS), jitterMs: context.ms(JITTER_MS), bothWays: false },
        'jitter',
      ),
    ];
    const tripsMs = {
      spike: roundTrips(context, sessions.spike, 1),
      jitter: roundTrips(context, sessions.jitter, PINGS),
    };
    await context.watch(context.ms(FAULT_MS), () => !sessions.spike.isOpen && !sessions.jitter.isOpen);
    context.phase('recovery');
    for (const injection of injections) await injection.heal();
    await context.watch(context.ms(AFTER_MS), () => !sessions.spike.isOpen && !sessions.jitter.isOpen);
    const controlOpen = sessions.control.isOpen;
    for (const name of ['spike', 'jitter'] as const) {
      const rttMaxMs = Math.max(0, ...tripsMs[name]);
      context.measure('spiked', { path: name, by: 'server', rttMaxMs, controlOpen });
    }
  },
});

/** The round trips of so many pings, as they come back. */
function roundTrips(context: ScenarioContext, session: Session, count: number): number[] {
  const tripsMs: number[] = [];
  let sent = 0;
  const ask = (): void => {
    sent += 1;
    if (sent >= count) pinging[Symbol.dispose]();
    void session.ping(Buffer.from(`holdfast ${sent}`), PONG_MS).then((ms) => ms !== undefined && tripsMs.push(ms));
  };
  const pinging: Disposable = context.defer(every(context.ms(PING_EVERY_MS), ask));
  return tripsMs;
}
