import freeze from '../../faults/freeze.js';
import { every } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { hasKeepaliveTimer } from '../../harness/target/sockets.js';

const BASELINE_MS = 11_000;
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
  async run(context) {
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'frozen', to: server });
    const session = await context.mustOpen({ name: 'frozen', to: gate });
    context.phase('baseline');
    session.pong();
    const beating = context.defer(every(context.ms(BEAT_MS), () => session.pong()));
    await context.watch(context.ms(BASELINE_MS), () => session.end);
    const [connection] = gate.live;
    if (!connection || !session.isOpen) {
      return context.obstacle('BASELINE', 'the server ended a healthy session before anything was disturbed');
    }
    context.phase('fault');
    const injection = await context.inject(freeze, connection, { conn: connection.id });
    await context.watch(context.ms(RELEASE_MS + MARGIN_MS), () => connection.ended);
    // Read now and then: while data is on its way another timer hides it.
    const keepalive =
      !connection.ended &&
      server.onLoopback &&
      (await context.watch(2000, () => hasKeepaliveTimer(server.port, connection.upstreamPort), LOOK_MS)) === true;
    context.measure('frozen', { released: connection.ended, keepalive });
    beating[Symbol.dispose]();
    await injection.heal();
  },
});
