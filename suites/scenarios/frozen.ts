import freeze from '../../faults/freeze.js';
import { every } from '../../harness/clock.js';
import type { Gate } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import { hasKeepaliveTimer } from '../../harness/target/sockets.js';
import { frozenByHand } from './frozen.by-hand.js';

const BASELINE_MS = 11_000;
const SHORT_BASELINE_MS = 2000;
/** Our own sign of life, whose absence is the bite (CHECKLIST rule 1). */
const BEAT_MS = 5000;
const RELEASE_MS = 90_000;
const MARGIN_MS = 2000;
/** A look walks the kernel's whole table of sockets: about 5 ms. */
const LOOK_MS = 100;

export default defineScenario({
  id: 'frozen',
  about: 'the link to one client goes dead without an end; does the server let go within 90 s?',
  role: 'server',
  lane: 'quiet',
  faults: ['freeze'],
  windowMs: BASELINE_MS + RELEASE_MS + MARGIN_MS + 1000,
  byHand: frozenByHand,
  async run(context) {
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'frozen', to: server });
    context.phase('baseline');
    const victim = await settle(context, gate);
    if (!victim) {
      return context.obstacle('BASELINE', 'the server ended a healthy session before anything was disturbed');
    }
    const { connection, beat } = victim;
    context.phase('fault');
    const injection = await context.inject(freeze, connection, { conn: connection.id });
    const { frozen } = connection;
    const beating = victim.beating ?? context.defer(every(context.ms(BEAT_MS), beat));
    await context.watch(context.ms(RELEASE_MS + MARGIN_MS), () => connection.ended);
    // Read now and then: while data is on its way another timer hides it.
    const keepalive =
      !connection.ended &&
      server.onLoopback &&
      (await context.watch(2000, () => hasKeepaliveTimer(server.port, connection.upstreamPort), LOOK_MS)) === true;
    context.measure('frozen', { released: connection.ended, keepalive, frozen });
    beating[Symbol.dispose]();
    await injection.heal();
  },
});

/**
 * A session that has been healthy for a while; a short while where the server ends idle ones soon. Where it ends those
 * that send a pong, ours comes only when nothing is forwarded any more.
 */
async function settle(context: ScenarioContext, gate: Gate) {
  for (const pongs of [true, false]) {
    for (const baselineMs of [BASELINE_MS, SHORT_BASELINE_MS]) {
      const session = await context.mustOpen({ name: 'frozen', to: gate });
      const beat = () => session.pong();
      if (pongs) beat();
      const beating = pongs ? context.defer(every(context.ms(BEAT_MS), beat)) : undefined;
      await context.watch(context.ms(baselineMs), () => !session.isOpen);
      const connection = gate.live.find(({ ended }) => !ended);
      if (connection && session.isOpen) return { connection, beat, beating };
      beating?.[Symbol.dispose]();
    }
  }
  return undefined;
}
