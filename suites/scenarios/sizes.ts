import { constants, deflateRawSync } from 'node:zlib';
import { defineScenario } from '../../harness/define.js';
import { payloadOf } from '../../harness/drivers/workload.js';
import type { ScenarioContext, Session } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';

const MIB = 1024 * 1024;
const FRAGMENTS = 1000;
const ANSWER_MS = 20_000;
/** A limit of exactly 64 MiB is a limit at 64 MiB: what decides is the message just above it. */
const JUST_ABOVE = 64 * MIB + 1024;
const BOMB_BYTES = 1024 * MIB;

export default defineScenario({
  id: 'sizes',
  about: 'messages of 1, 16 and 64 MiB, 64 MiB in 1,000 fragments, a deflate bomb of 1 GiB',
  role: 'server',
  lane: 'busy',
  faults: [],
  windowMs: 12_000,
  async run(context) {
    const server = await context.startServer();
    context.phase('baseline');
    const form = await understood(context, server);
    if (form === undefined) {
      return context.obstacle(
        'NO_MESSAGES',
        'the server ends a session at any message of ours, also a small one: what it takes must be declared',
      );
    }
    const filler = (bytes: number) => payloadOf(form, context.random.token(16), bytes);
    context.phase('fault');
    const accepted: number[] = [];
    for (const bytes of [MIB, 16 * MIB, 64 * MIB, JUST_ABOVE]) {
      const taken = await attempt(context, server, 'single', bytes, (session) => session.send(filler(bytes)));
      if (taken) accepted.push(bytes);
      if (taken === undefined) return;
      // Refused once, larger ones are too.
      if (!taken) break;
    }
    const before = Math.max(0, ...accepted);
    if (before < JUST_ABOVE) {
      for (const bytes of [64 * MIB, JUST_ABOVE]) {
        const taken = await attempt(context, server, 'fragments', bytes, (session) =>
          sendFragments(session, filler(bytes)),
        );
        if (taken === undefined) return;
        if (!taken) break;
      }
    }
    if (context.workload.deflate) {
      await attempt(context, server, 'bomb', BOMB_BYTES, (session) => session.sendCompressed(bomb()), true);
    }
    context.measure('alive', { alive: server.alive() });
  },
});

/**
 * Sends one oversized message on a session of its own, then a ping: the pong comes only after the message was taken
 * in. True: taken; false: refused by an end; undefined: the server is gone.
 */
async function attempt(
  context: ScenarioContext,
  server: StartedServer,
  how: string,
  bytes: number,
  send: (session: Session) => void,
  compress = false,
): Promise<boolean | undefined> {
  const session = await context.openSession({ name: `${how}-${bytes}`, to: server, silent: true, compress });
  if ('refused' in session) {
    context.measure('size', { how, bytes, result: 'no session', closeCode: null, rssGrowthBytes: null });
    return undefined;
  }
  const before = (await server.memoryBytes()) ?? 0;
  let peak = before;
  const echoed = { bytes: 0 };
  session.onMessage(({ payload }) => {
    echoed.bytes = Math.max(echoed.bytes, payload.length);
  });
  send(session);
  const answered = session.ping(Buffer.from(`after ${bytes}`), ANSWER_MS);
  let pong: number | undefined;
  let settled = false;
  void answered.then((tookMs) => {
    pong = tookMs;
    settled = true;
  });
  await context.watch(ANSWER_MS + 500, async () => {
    peak = Math.max(peak, (await server.memoryBytes()) ?? 0);
    return settled || session.end !== undefined || echoed.bytes >= bytes;
  });
  const took = pong !== undefined || echoed.bytes >= bytes;
  // Taken first and closed a moment later is a refusal too.
  const end = await session.ended(took ? 300 : 1000);
  const result = end !== undefined ? 'refused' : took ? 'accepted' : 'no answer';
  context.measure('size', {
    how,
    bytes,
    result,
    closeCode: end?.closeCode ?? null,
    unsentBytes: session.unsentBytes,
    rssGrowthBytes: Math.max(0, peak - before),
  });
  session.terminate();
  if (!server.alive()) return undefined;
  return result === 'accepted';
}

function sendFragments(session: Session, text: string): void {
  const size = Math.ceil(text.length / FRAGMENTS);
  for (let sent = 0; sent < text.length; sent += size) {
    session.sendFragment(text.slice(sent, sent + size), sent + size >= text.length);
  }
}

/** The form of a small message that the server does not end the session at: a refusal must be about the size. */
async function understood(context: ScenarioContext, server: StartedServer): Promise<'json' | 'text' | undefined> {
  const forms = context.workload.form === 'text' ? (['text', 'json'] as const) : (['json', 'text'] as const);
  for (const form of forms) {
    const session = await context.openSession({ name: `small-${form}`, to: server, silent: true });
    if ('refused' in session) continue;
    session.send(payloadOf(form, context.random.token(16), 256));
    await session.ping(Buffer.from('small'), 2000);
    const end = await session.ended(300);
    session.terminate();
    if (end === undefined) return form;
  }
  return undefined;
}

/** About 1 MiB that inflates to 1 GiB of zeros, made 16 MiB at a time. */
function bomb(): Buffer {
  const block = deflateRawSync(Buffer.alloc(16 * MIB), { finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat(Array.from({ length: BOMB_BYTES / (16 * MIB) }, () => block));
}
