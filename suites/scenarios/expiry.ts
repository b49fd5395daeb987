import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';

/** A credential that is good for longer is not waited for. */
const LONGEST_MS = 240_000;
/** As late as the end may come after that. */
const OVER_MS = 62_000;
const CODE_MS = 1000;

export default defineScenario({
  id: 'expiry',
  about: 'a session whose credential expires, by what the target declares; is it ended within 60 s?',
  role: 'server',
  lane: 'quiet',
  faults: [],
  windowMs: 92_000,
  async run(context) {
    const { target } = context;
    const afterMs = target.expect[`${target.protocol}/outlives-token`]?.expiresAfterMs ?? 0;
    if (afterMs > LONGEST_MS) return context.obstacle('TOO_LONG', 'the credential is good for longer than 240 s');
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'expiry', to: server });
    context.phase('baseline');
    const session = await context.mustOpen({ name: 'expiry', to: gate });
    const windowMs = afterMs + context.ms(OVER_MS);
    await context.watch(windowMs, () => !session.isOpen);
    const openMs = nowMs() - session.openedAtMs;
    const ended = !session.isOpen;
    // Our library tells a close code once TCP has ended.
    await session.ended(CODE_MS);
    context.measure('expiry', {
      afterMs,
      openMs,
      ended,
      closeCode: session.end?.closeCode ?? null,
    });
  },
});
