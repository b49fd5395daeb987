import closedPort from '../../faults/closed-port.js';
import refuse from '../../faults/refuse.js';
import reset from '../../faults/reset.js';
import { nowMs } from '../../harness/clock.js';
import type { Gate, Injection } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { AGAIN, CLOSED_GATE, COPY_GATE } from '../../harness/outage.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import { startControls } from './controls.js';

const ARRIVE_MS = 60_000;
/** A client that cannot hold a session on a healthy path shows nothing about a broken one (CHECKLIST rule 10). */
const BASELINE_MS = 10_000;
const OUTAGE_MS = 75_000;
const LONG_OUTAGE_MS = 130_000;
/** Seen enough: this many connections of each process, after this long. */
const ENOUGH = 20;
/** Where every process has ended, the controls still show what the machine does to a delay: this many attempts of each. */
const CONTROL_ATTEMPTS = 4;
/** The outage that gives-up looks at. */
const AT_LEAST_MS = 61_000;
const RETURN_MS = 30_000;
const LONGEST_RETURN_MS = 150_000;
/** Then it is healthy for so long, and away once more (CHECKLIST: backoff-kept). */
const HEALTH_MS = 30_000;
const AGAIN_MS = 20_000;
/** Seen enough of it: this many connections of each process, after this long. */
const AGAIN_ENOUGH = 3;
const AGAIN_AT_LEAST_MS = 8_000;

export default defineScenario({
  id: 'outage',
  about:
    'all copies cut in one instant and refused for 75 s, beside a control client of known delay and a copy that meets a closed port; then 30 s of health and 20 s of the same',
  role: 'client',
  lane: 'quiet',
  timingMs: ARRIVE_MS / 10 + BASELINE_MS + OUTAGE_MS,
  faults: ['reset', 'refuse', 'closed-port'],
  windowMs: ARRIVE_MS / 10 + BASELINE_MS + OUTAGE_MS + RETURN_MS / 2 + HEALTH_MS + AGAIN_MS,
  unless: ({ client }) =>
    client?.listen === undefined
      ? undefined
      : 'needs a client that takes its address ({url} or TARGET_URL): copies are compared, and one --listen port holds one',
  async run(context) {
    const { options, target } = context;
    const upstream = target.server ? await context.startServer() : await context.startReference();
    const copies: Gate[] = [];
    for (let i = 1; i <= options.copies; i++)
      copies.push(await context.openGate({ name: `${COPY_GATE}${i}`, to: upstream }));
    const closed = await context.openGate({ name: CLOSED_GATE, to: upstream });
    const controls = await startControls(context, options.copies);
    const gates = [...copies, closed];
    const clients = await Promise.all(gates.map((gate) => context.startClient({ name: gate.name, gate })));
    await context.watch(ARRIVE_MS, () => gates.every((gate) => gate.live.some(({ called }) => called)));
    context.phase('baseline');
    await context.watch(context.ms(BASELINE_MS));
    const held = gates.filter((gate) =>
      gate.live.some(({ openedAtMs, ended }) => !ended && nowMs() - openedAtMs >= 0.9 * context.ms(BASELINE_MS)),
    );
    if (held.length < gates.length) {
      return context.obstacle(
        'BASELINE',
        `only ${held.length} of ${gates.length} copies of the client held a session for 10 s on a healthy path`,
      );
    }

    const refused: Injection[] = [];
    for (const gate of [...copies, ...controls]) refused.push(await context.inject(refuse, gate, { gate: gate.name }));
    const shut = await context.inject(closedPort, closed, { gate: closed.name });
    context.phase('fault');
    const cutMs = nowMs();
    await context.inject(reset, [...gates, ...controls], {});
    const before = copies.map(({ accepted }) => accepted);
    const made = () => Math.min(...copies.map(({ accepted }, i) => accepted - (before[i] ?? 0)));
    const tried = () => copies.some(({ accepted }, i) => accepted > (before[i] ?? 0));
    const controlsBefore = controls.map(({ accepted }) => accepted);
    const timed = () => controls.every(({ accepted }, i) => accepted - (controlsBefore[i] ?? 0) >= CONTROL_ATTEMPTS);
    await context.watch(context.ms(options.long ? LONG_OUTAGE_MS : OUTAGE_MS), () => {
      if (clients.every(({ process }) => process.exit !== undefined)) return !tried() || timed();
      return made() >= ENOUGH && nowMs() - cutMs >= context.ms(AT_LEAST_MS);
    });
    const lastGapMs = nowMs() - cutMs;
    const hasTried = tried();

    context.phase('recovery');
    const reopenedMs = nowMs();
    await Promise.all([...refused.map((injection) => injection.heal()), shut.heal()]);
    const back = (gate: Gate) => gate.live.some(({ openedAtMs, called }) => openedAtMs >= reopenedMs && called);
    let closedBackMs: number | null = null;
    const limit = Math.min(LONGEST_RETURN_MS, Math.max(RETURN_MS, 1.5 * Math.min(lastGapMs / options.scale, 60_000)));
    // Who made no attempt in all that time is not waited for.
    if (hasTried)
      await context.watch(context.ms(limit), () => {
        if (closedBackMs === null && back(closed)) closedBackMs = nowMs() - reopenedMs;
        return gates.every((gate, i) => back(gate) || clients[i]?.process.exit !== undefined);
      });
    context.measure('closed copy', { backMs: closedBackMs });
    context.measure('returned copies', { copies: copies.length, back: copies.filter(back).length });
    await goAwayAgain(context, copies.filter(back));
  },
});

/** A second, shorter outage after a time of health: does the backoff begin anew? */
async function goAwayAgain(context: ScenarioContext, copies: readonly Gate[]): Promise<void> {
  if (copies.length === 0) return;
  const healthMs = context.ms(HEALTH_MS);
  await context.watch(healthMs);
  const holds = (gate: Gate) =>
    gate.live.some(({ openedAtMs, ended }) => !ended && nowMs() - openedAtMs >= 0.9 * healthMs);
  const healthy = copies.filter(holds);
  for (const gate of healthy) context.measure('healthy again', { gate: gate.name });
  const refused: Injection[] = [];
  for (const gate of healthy) refused.push(await context.inject(refuse, gate, { gate: gate.name }));
  context.phase('fault', AGAIN);
  const cutMs = nowMs();
  await context.inject(reset, healthy, {});
  const before = healthy.map(({ accepted }) => accepted);
  await context.watch(
    context.ms(AGAIN_MS),
    () =>
      nowMs() - cutMs >= context.ms(AGAIN_AT_LEAST_MS) &&
      healthy.every(({ accepted }, i) => accepted - (before[i] ?? 0) >= AGAIN_ENOUGH),
  );
  context.phase('recovery', AGAIN);
  await Promise.all(refused.map((injection) => injection.heal()));
}
