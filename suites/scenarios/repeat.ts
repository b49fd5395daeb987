import latency from '../../faults/latency.js';
import reset from '../../faults/reset.js';
import { defineScenario } from '../../harness/define.js';
import { fillSlot } from '../../harness/drivers/resume.js';
import type { ScenarioContext, Session } from '../../harness/scenario.js';

/** The answer is on its way for this long: time enough to see it leave, and to cut. */
const HELD_MS = 4000;
const ANSWER_MS = 5000;
/** What others are told of an effect comes with it, or a moment later. */
const EFFECT_MS = 1500;

export default defineScenario({
  id: 'repeat',
  about: 'a command is cut off from its answer and sent again with the same id; a witness sees what others are told',
  role: 'server',
  lane: 'quiet',
  faults: ['latency', 'reset'],
  windowMs: 12_000,
  unless: (target) =>
    target.command ? undefined : 'needs `command` in the config: a JSON message with {id} that may be sent again',
  async run(context) {
    const server = await context.startServer();
    await context.mustOpen({ name: 'witness', to: await context.openGate({ name: 'witness', to: server }) });
    context.phase('baseline');
    // Two commands that nothing disturbs: what differs between their answers tells one execution from another.
    for (const name of ['first', 'second']) {
      const session = await context.mustOpen({ name, to: await context.openGate({ name, to: server }) });
      await give(context, session, name, context.random.token(16));
    }
    const id = context.random.token(16);
    const path = await context.openToxicPath({ name: 'cut', to: server, tapFar: true });
    const victim = await context.mustOpen({ name: 'cut', to: path.near });
    context.phase('fault');
    await context.inject(latency, path, { latencyMs: HELD_MS, jitterMs: 0, bothWays: false });
    const farBytes = () => path.far.live[0]?.downBytes ?? 0;
    const before = farBytes();
    await give(context, victim, 'cut', id, () => farBytes() > before);
    await context.watch(EFFECT_MS);
    await context.inject(reset, [path.near], {});
    context.phase('recovery');
    const again = await context.openSession({
      name: 'again',
      to: await context.openGate({ name: 'again', to: server }),
    });
    if ('refused' in again) return;
    await give(context, again, 'again', id);
    await context.watch(EFFECT_MS);
  },
});

/** Sends the command, and waits until something that names its id comes back, or `answered` says so. */
async function give(context: ScenarioContext, session: Session, name: string, id: string, answered?: () => boolean) {
  const slot = context.target.command && fillSlot(context.target.command, id);
  if (slot?.in !== 'message') return;
  let seen = false;
  session.onMessage(({ payload }) => {
    seen ||= payload.includes(id);
  });
  context.measure('command', { name, id: context.observer.hash(id) });
  session.send(slot.text);
  await context.watch(ANSWER_MS, answered ?? (() => seen));
}
