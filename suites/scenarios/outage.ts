import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import closedPort from '../../faults/closed-port.js';
import refuse from '../../faults/refuse.js';
import reset from '../../faults/reset.js';
import { nowMs } from '../../harness/clock.js';
import type { Gate, Injection } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { CLOSED_GATE, CONTROL_DELAY_MS, CONTROL_GATE, COPY_GATE } from '../../harness/outage.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import { spawnProcess } from '../../harness/target/process.js';

const ARRIVE_MS = 60_000;
/** A client that cannot hold a session on a healthy path shows nothing about a broken one (CHECKLIST rule 10). */
const BASELINE_MS = 10_000;
const OUTAGE_MS = 75_000;
const LONG_OUTAGE_MS = 130_000;
/** Seen enough: this many connections of each process, after this long. */
const ENOUGH = 20;
/** The outage that gives-up looks at. */
const AT_LEAST_MS = 61_000;
const RETURN_MS = 30_000;
const LONGEST_RETURN_MS = 150_000;

export default defineScenario({
  id: 'outage',
  about:
    'all copies cut in one instant and refused for 75 s, beside a control client of known delay and a copy that meets a closed port',
  role: 'client',
  lane: 'quiet',
  timing: true,
  faults: ['reset', 'refuse', 'closed-port'],
  windowMs: ARRIVE_MS / 10 + BASELINE_MS + OUTAGE_MS + RETURN_MS,
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
    await context.watch(ARRIVE_MS, () => gates.every((gate) => gate.live.some(({ downBytes }) => downBytes > 0)));
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
    await context.watch(context.ms(options.long ? LONG_OUTAGE_MS : OUTAGE_MS), () => {
      if (clients.every(({ process }) => process.exit !== undefined)) return true;
      return made() >= ENOUGH && nowMs() - cutMs >= context.ms(AT_LEAST_MS);
    });
    const lastGapMs = nowMs() - cutMs;
    const tried = copies.some(({ accepted }, i) => accepted > (before[i] ?? 0));

    context.phase('recovery');
    const reopenedMs = nowMs();
    await Promise.all([...refused.map((injection) => injection.heal()), shut.heal()]);
    const back = (gate: Gate) =>
      gate.live.some(({ openedAtMs, downBytes }) => openedAtMs >= reopenedMs && downBytes > 0);
    let closedBackMs: number | null = null;
    const limit = Math.min(LONGEST_RETURN_MS, Math.max(RETURN_MS, 1.5 * Math.min(lastGapMs / options.scale, 60_000)));
    // Who made no attempt in all that time is not waited for.
    if (tried)
      await context.watch(context.ms(limit), () => {
        if (closedBackMs === null && back(closed)) closedBackMs = nowMs() - reopenedMs;
        return gates.every((gate, i) => back(gate) || clients[i]?.process.exit !== undefined);
      });
    context.measure('closed copy', { backMs: closedBackMs });
    context.measure('returned copies', { copies: copies.length, back: copies.filter(back).length });
  },
});

/** As many copies as the target's, each through its own gate (CHECKLIST rule 6). */
async function startControls(context: ScenarioContext, count: number): Promise<Gate[]> {
  const sink = createServer((socket) => {
    socket.on('error', () => {});
    socket.resume();
  });
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  context.defer({ [Symbol.dispose]: () => void sink.close() });
  const { port } = sink.address() as AddressInfo;
  const program = join(__dirname, '../../harness/control-client.js');
  const gates: Gate[] = [];
  for (let i = 1; i <= count; i++) {
    const gate = await context.openGate({ name: `${CONTROL_GATE}${i}`, to: { host: '127.0.0.1', port }, tap: false });
    context.defer(
      await spawnProcess({
        name: gate.name,
        command: `"${process.execPath}" "${program}" ${gate.port} ${CONTROL_DELAY_MS}`,
        env: {},
        cwd: process.cwd(),
        record: context.record,
      }),
    );
    gates.push(gate);
  }
  await context.watch(ARRIVE_MS, () => gates.every((gate) => gate.live.length > 0));
  return gates;
}
