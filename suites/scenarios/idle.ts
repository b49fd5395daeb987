import { subprotocolOf } from '../../harness/adapter.js';
import { every, nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { heartbeatHashes } from '../../harness/heartbeats.js';
import { isDuplex } from '../../harness/protocol.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';
import { idleByHand } from './idle.by-hand.js';

/** Twice the longest silence that is allowed (30 s + 5 s) and a little. */
const WATCH_MS = 75_000;
/** A server that ends idle sessions soon is asked again: its next session may show more. */
const SESSIONS = 6;
/** As often as a server lets PINGs pass: three times. */
const PING_EVERY_MS = 30_000;
const ANSWER_MS = 5000;
/** Where the client beats, the server is to drop one that never does (CHECKLIST rule 11). */
const MUTE_MS = 92_000;

export default defineScenario({
  id: 'idle',
  about: 'one session that says nothing, watched for 75 s; a new one where the server ends it; one that never beats',
  role: 'server',
  lane: 'quiet',
  faults: [],
  windowMs: WATCH_MS + 2000,
  byHand: idleByHand,
  async run(context) {
    const { target } = context;
    const server = await context.startServer({ env: target.server?.quietEnv ?? {} });
    const gate = await context.openGate({ name: 'idle', to: server });
    // In these a session that asks for nothing is complete, and may be silent where a stream would never be.
    const bare = context.workload.push && subprotocolOf(target) !== undefined;
    const waitsForHead = isDuplex(target) ? {} : { openTimeoutMs: context.ms(WATCH_MS) };
    let startMs = nowMs();
    const words = heartbeatHashes((text) => context.observer.hash(text));
    context.measure('heartbeat words', Object.fromEntries([...words].map((hash, index) => [index, hash])));
    context.measure('event names', { message: context.observer.hash('message') });
    context.phase('baseline');
    let mute: Promise<void> | undefined;
    for (let n = 1; n <= SESSIONS && nowMs() - startMs < 0.9 * context.ms(WATCH_MS); n++) {
      const askedMs = nowMs();
      const session = await context.openSession({ name: `idle-${n}`, to: gate, bare, ...waitsForHead });
      if ('refused' in session) {
        // Some send even the head of the answer with the first event only: until then they are as silent as any.
        const forMs = nowMs() - askedMs;
        if (session.status === undefined && forMs >= 0.5 * context.ms(WATCH_MS))
          context.measure('watched', { session: n, conn: n, fromMs: 0, forMs, ended: false });
        break;
      }
      // A busy machine may be late to open it.
      if (n === 1) startMs = session.openedAtMs;
      if (session.clientDriven) mute ??= watchMute(context, server);
      else if (target.protocol === 'grpc') mute ??= watchPinging(context, server);
      await context.watch(context.ms(WATCH_MS) - (nowMs() - startMs), () => !session.isOpen);
      context.measure('watched', {
        session: n,
        conn: n,
        fromMs: session.openedAtMs - startMs,
        forMs: nowMs() - session.openedAtMs,
        ended: !session.isOpen,
      });
      session.terminate();
    }
    await mute;
  },
});

async function watchMute(context: ScenarioContext, server: StartedServer): Promise<void> {
  const session = await context.openSession({ name: 'mute', to: server, mute: true, bare: true });
  if ('refused' in session) return;
  const end = await context.watch(context.ms(MUTE_MS), () => session.end);
  context.measure('mute', { releasedMs: end ? end.atMs - session.openedAtMs : null });
}

/** Beside it one that sends PINGs, which is to be kept: who is dropped anyway was not dropped for its silence. */
async function watchPinging(context: ScenarioContext, server: StartedServer): Promise<void> {
  const mute = await context.openSession({ name: 'mute', to: server });
  const pinging = await context.openSession({ name: 'pinging', to: server });
  if ('refused' in mute || 'refused' in pinging) return;
  const answers: number[] = [];
  const ask = () => void pinging.ping(Buffer.alloc(8), ANSWER_MS).then((ms) => ms !== undefined && answers.push(ms));
  ask();
  context.defer(every(context.ms(PING_EVERY_MS), ask));
  await context.watch(context.ms(MUTE_MS), () => !mute.isOpen);
  const releasedMs = mute.isOpen ? null : nowMs() - mute.openedAtMs;
  context.measure('mute', { releasedMs, answers: answers.length, pingingOpen: pinging.isOpen });
}
