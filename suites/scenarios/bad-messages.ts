import badMessage, { badMessagesOf } from '../../faults/bad-message.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 10_000;
/** Time to fall over it. */
const REACT_MS = 2000;
const RETURN_MS = 60_000;
/** Chunks of the server's, after that. */
const LATER = 3;

export default defineScenario({
  id: 'bad-messages',
  about:
    'an empty message, one that is no JSON, an HTML page and others that nobody expects between good ones; does it go on?',
  role: 'client',
  lane: 'quiet',
  faults: ['bad-message'],
  windowMs: 6000 + BASELINE_MS + 6 * REACT_MS + 5000,
  async run(context) {
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const gate = await context.openGate({ name: 'victim', to: upstream });
    const client = await context.startClient({ name: 'victim', gate });
    const live = () => gate.live.find(({ downBytes, ended }) => downBytes > 0 && !ended);
    await context.watch(ARRIVE_MS, live);
    context.phase('baseline');
    await context.watch(context.ms(BASELINE_MS));
    const held = live();
    if (!held || nowMs() - held.openedAtMs < 0.9 * context.ms(BASELINE_MS)) {
      return context.obstacle('BASELINE', 'the client did not hold a session for 10 s on a healthy path');
    }
    for (const what of Object.keys(badMessagesOf(context.target.protocol))) {
      const victim = live();
      if (!victim) return;
      context.phase('fault', what);
      await context.inject(badMessage, victim, { what, protocol: context.target.protocol });
      await context.watch(context.ms(REACT_MS), () => client.process.exit);
      const seen = new Map(gate.live.map(({ id, downChunks }) => [id, downChunks]));
      const goesOn = () => {
        const now = live();
        return now && now.downChunks >= (seen.get(now.id) ?? 0) + LATER ? now : undefined;
      };
      const later = await context.watch(context.ms(RETURN_MS), () => client.process.exit ?? goesOn());
      context.measure('after', {
        what,
        left: victim.ended,
        goesOn: later !== undefined && client.process.exit === undefined,
        exited: client.process.exit !== undefined,
        exit: client.process.exit?.code ?? client.process.exit?.signal ?? null,
      });
      if (client.process.exit) return;
    }
  },
});
