import badMessage, { badMessagesOf } from '../../faults/bad-message.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { servicesOf } from '../../harness/grpc-services.js';
import { sessionsOf } from './victim-session.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 10_000;
/** Time to fall over it. */
const REACT_MS = 2000;
const RETURN_MS = 60_000;
/** Chunks of the server's after that, or messages of it. */
const LATER = 3;
/** Reports of the application's, of which the first may be of the bad message itself. */
const HEARD = 2;

export default defineScenario({
  id: 'bad-messages',
  about:
    'an empty message, one that is no JSON, an HTML page and others that nobody expects between good ones; does it go on?',
  role: 'client',
  lane: 'quiet',
  faults: ['bad-message'],
  windowMs: 6000 + BASELINE_MS + 6 * REACT_MS + 5000,
  async run(context) {
    const { protocol } = context.target;
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const sessions = sessionsOf(protocol);
    const gate = await context.openGate({ name: 'victim', to: upstream, onEvent: (event) => sessions.see(event) });
    let reports = 0;
    const onReport = ({ event }: { readonly event: string }) => {
      if (event === 'message') reports += 1;
    };
    const client = await context.startClient({ name: 'victim', gate, onReport });
    const live = () => sessions.live(gate);
    const connected = () => gate.live.find(({ downBytes, ended }) => downBytes > 0 && !ended);
    await context.watch(ARRIVE_MS, connected);
    context.phase('baseline');
    await context.watch(context.ms(BASELINE_MS));
    const held = connected();
    if (!held || nowMs() - held.openedAtMs < 0.9 * context.ms(BASELINE_MS)) {
      return context.obstacle('BASELINE', 'the client did not hold a session for 10 s on a healthy path');
    }
    if (!live()) return context.obstacle('NO_STREAM', 'no call of the client brings messages one after another');
    for (const what of badMessagesOf(protocol)) {
      const victim = live();
      if (!victim) return;
      const { connection, call } = victim;
      context.phase('fault', what);
      const heard = reports;
      const type = call && servicesOf(context.target).get(call.rpc)?.answer;
      await context.inject(badMessage, { connection, stream: call?.stream, type }, { what, protocol });
      await context.watch(context.ms(REACT_MS), () => client.process.exit);
      const goesOn = sessions.goesOn(gate, victim);
      const later = await context.watch(context.ms(RETURN_MS), () => client.process.exit ?? goesOn(LATER));
      // What came last is on its way to the application: a replay comes in one go.
      const hears = () => client.process.exit ?? reports >= heard + HEARD;
      if (later && heard > 0) await context.watch(REACT_MS, hears);
      context.measure('after', {
        what,
        left: sessions.hasEnded(victim),
        goesOn: later !== undefined && client.process.exit === undefined,
        exited: client.process.exit !== undefined,
        exit: client.process.exit?.code ?? client.process.exit?.signal ?? null,
      });
      if (client.process.exit) return;
    }
  },
});
