import freeze from '../../faults/freeze.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { protocolNamed } from '../../harness/protocol.js';
import type { Address, ScenarioContext } from '../../harness/scenario.js';
import { keepaliveDueMs } from '../../harness/target/sockets.js';

const ARRIVE_MS = 60_000;
/** C-core sends two PINGs without data, and no more, unless it is told to [keepalive.md]: both are over by then. */
const IDLE_MS = 45_000;
const HELD_MS = 9000;
export const FIND_MS = 90_000;
const MARGIN_MS = 2000;
/** Longer than any window. */
const NEVER_MS = 2 ** 30;
/** A look walks the kernel's whole table of sockets: about 5 ms. */
const LOOK_MS = 100;

export default defineScenario({
  id: 'idle-link',
  about: 'a call on which nothing comes, and then its link goes dead without an end; does the client find out in 90 s?',
  role: 'client',
  lane: 'quiet',
  faults: ['freeze'],
  windowMs: 6000 + IDLE_MS + FIND_MS + MARGIN_MS,
  async run(context) {
    const gate = await context.openGate({ name: 'idle-link', to: await silentServer(context) });
    await context.startClient({ name: 'idle-link', gate });
    await context.watch(ARRIVE_MS, () => gate.live.find(({ downBytes }) => downBytes > 0));
    context.phase('baseline');
    await context.watch(context.ms(IDLE_MS));
    const live = () => gate.live.filter(({ downBytes, ended }) => downBytes > 0 && !ended);
    const isHeld = () => live().some(({ openedAtMs }) => nowMs() - openedAtMs >= context.ms(HELD_MS));
    // Where a server ends connections now and then, the one of now may be young.
    if (!(await context.watch(2 * context.ms(HELD_MS), isHeld)))
      return context.obstacle('BASELINE', 'the client did not hold an idle connection for 10 s on a healthy path');
    context.phase('fault');
    const held = live();
    const startMs = nowMs();
    const { accepted } = gate;
    const injections = await Promise.all(
      held.map((connection) =>
        context.inject(freeze, connection, { conn: connection.id }, `idle-link-${connection.id}`),
      ),
    );
    // Of several connections one may not have been in use: a new one tells as much as the end of all.
    const found = await context.watch(
      context.ms(FIND_MS + MARGIN_MS),
      () => gate.accepted > accepted || held.every(({ endedBy }) => endedBy === 'client'),
    );
    const foundMs = found ? nowMs() - startMs : null;
    const dueMs = found
      ? undefined
      : await context.watch(2000, () => keepaliveDueMs(held[0]?.clientPort ?? 0, gate.port), LOOK_MS);
    context.measure('idle link', { foundMs, keepaliveDueMs: dueMs ?? null });
    for (const injection of injections) await injection.heal();
  },
});

/** The target's own server where it is silent, or can be made so; else one of ours that answers and sends nothing of itself. */
export async function silentServer(context: ScenarioContext): Promise<Address> {
  const { target, workload } = context;
  const env = target.server?.quietEnv ?? {};
  if (target.server && (!workload.push || Object.keys(env).length > 0)) return context.startServer({ env });
  const { startReference } = protocolNamed(target.protocol);
  return context.defer(await startReference({ base: 1, pingMs: NEVER_MS, pushMs: NEVER_MS }, target));
}
