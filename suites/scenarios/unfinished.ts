import unfinishedHandshakes from '../../faults/unfinished-handshakes.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { newcomer } from '../../harness/drivers/newcomer.js';
import { UnfinishedHandshakes } from '../../harness/drivers/unfinished-handshakes.js';
import { Witnesses } from '../../harness/drivers/witnesses.js';
import { Workers } from '../../harness/drivers/workers.js';

const WITNESSES = 4;
const CONNECTIONS = 200;
/** Longer than the limit, so that who cuts a little late is told from who never does. */
const HELD_MS = 95_000;
const KNOCK_EVERY_MS = 5000;
const SIGN_MS = 5000;
const SERVED_MS = 10_000;

export default defineScenario({
  id: 'unfinished',
  about: '200 clients begin a handshake and do not finish it; how long are they held, and who is served meanwhile?',
  role: 'server',
  lane: 'quiet',
  ownServer: true,
  faults: ['unfinished-handshakes'],
  connections: () => 200,
  windowMs: 66_000,
  async run(context) {
    const server = await context.startServer();
    context.phase('baseline');
    const witnesses = await Witnesses.open(context, server, WITNESSES);
    const workers = await Workers.of(context, server);
    context.phase('fault');
    const handshakes = new UnfinishedHandshakes(context, server);
    const injection = await context.inject(unfinishedHandshakes, handshakes, { connections: CONNECTIONS });
    const startMs = nowMs();
    const heldMs = context.ms(HELD_MS);
    // The longest that somebody new had to wait meanwhile.
    let waitedMs = 0;
    let refused = 0;
    let going = witnesses.count;
    while (handshakes.standing > 0 && nowMs() - startMs < heldMs && workers.alive) {
      const served = await newcomer(context, server, SERVED_MS, { mayRefuse: true });
      waitedMs = Math.max(waitedMs, served?.tookMs ?? SERVED_MS);
      if (served?.refused !== false) refused += 1;
      going = Math.min(going, await witnesses.goOn(SIGN_MS));
      await context.watch(context.ms(KNOCK_EVERY_MS), () => handshakes.standing === 0);
    }
    const facts = handshakes.facts;
    await injection.heal();
    context.phase('recovery');
    const served = await newcomer(context, server, SERVED_MS, { mayRefuse: false });
    const { count, open, sign } = witnesses;
    context.measure('unfinished', {
      ...facts,
      waitedMs,
      refused,
      recoveredMs: served?.tookMs ?? null,
      alive: workers.alive,
      witnesses: count,
      open,
      going,
      sign,
      endAnyway: open < count && workers.alive && (await witnesses.endAnyway()),
    });
  },
});
