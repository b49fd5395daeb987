import { constants, deflateRawSync } from 'node:zlib';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { Workers } from '../../harness/drivers/workers.js';
import { payloadOf } from '../../harness/drivers/workload.js';
import type { ScenarioContext, Session } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';
import { callWith, largeField } from './call-sizes.js';

const MIB = 1024 * 1024;
const FRAGMENTS = 1000;
const ANSWER_MS = 20_000;
/** A limit of exactly 64 MiB is a limit at 64 MiB: what decides is the message just above it. */
const JUST_ABOVE = 64 * MIB + 1024;
const BOMB_BYTES = 1024 * MIB;
/** More than the kernels of both sides hold. */
const BEYOND_KERNELS = 16 * MIB;
/** A server that answers no pings is given this long to refuse what it has taken. */
const TAKEN_MS = 3000;
/** A server may unmask the last message byte by byte before it takes the next handshake: that is slow, not dead. */
const BUSY_MS = 60_000;
/** Less than anybody's limit, and more than is sent of it. */
const UNREAD_BYTES = 16 * 1024;
/** "A message that is too big for it to process" [RFC 6455 7.4.1]. */
const TOO_BIG = 1009;

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
    if (context.target.protocol === 'grpc') return callSizes(context, server);
    const { form, endsAnyway, pings, answers } = await understood(context, server);
    const workers = await Workers.of(context, server);
    const filler = (bytes: number) => payloadOf(form, context.random.token(16), bytes);
    context.phase('fault');
    const trial = (how: string, bytes: number, send: (session: Session) => void, compress = false) =>
      attempt(context, server, { how, bytes, send, compress, endsAnyway, pings, answers, workers });
    let largest = 0;
    for (const bytes of [MIB, 16 * MIB, 64 * MIB, JUST_ABOVE]) {
      const result = await trial('single', bytes, (session) => session.send(filler(bytes)));
      if (result === 'gone' || result === 'busy' || result === 'unread') return;
      // Refused once, larger ones are too.
      if (result === 'refused') break;
      largest = bytes;
    }
    if (largest < JUST_ABOVE) {
      for (const bytes of [64 * MIB, JUST_ABOVE]) {
        const result = await trial('fragments', bytes, (session) => sendFragments(session, filler(bytes)));
        if (result === 'gone' || result === 'busy') return;
        if (result !== 'accepted') break;
      }
    }
    if (largest < JUST_ABOVE) await announce(context, server);
    if (context.workload.deflate) await trial('bomb', BOMB_BYTES, (session) => session.sendCompressed(bomb()), true);
    context.measure('alive', { alive: workers.alive });
  },
});

/** A gRPC message has no fragments, and belongs to a call. */
async function callSizes(context: ScenarioContext, server: StartedServer): Promise<void> {
  const field = largeField(context);
  if (!field) return context.obstacle('NO_LARGE_FIELD', 'the request has no field of text or bytes');
  const workers = await Workers.of(context, server);
  context.phase('fault');
  for (const bytes of [MIB, 16 * MIB, 64 * MIB, JUST_ABOVE]) {
    const result = await callWith(context, server, workers, { how: 'single', bytes, field });
    if (result === 'gone' || result === 'unread') return;
    if (result === 'refused') break;
  }
  await callWith(context, server, workers, { how: 'bomb', bytes: BOMB_BYTES, field });
  context.measure('alive', { alive: workers.alive });
}

/** `unread`: the server takes nothing from the socket; `unclear`: it may all lie in the kernels; `busy`: alive, and takes no handshake. */
type Result = 'accepted' | 'refused' | 'unread' | 'unclear' | 'busy' | 'gone';

interface Trial {
  readonly how: string;
  readonly bytes: number;
  readonly send: (session: Session) => void;
  readonly compress: boolean;
  /** The server ends the session at any message of ours, also a small one, once it has read it. */
  readonly endsAnyway: boolean;
  /** It bears pings: one that ends the session at a ping would else seem to have refused the message. */
  readonly pings: boolean;
  /** It answers them, so that the answer is worth waiting for on a busy machine. */
  readonly answers: boolean;
  readonly workers: Workers;
}

/**
 * Sends one oversized message on a session of its own, then a ping: the pong comes only after the message was taken
 * in. A server that answers no pings has taken what left our socket, since the kernels hold less than 16 MiB.
 */
async function attempt(context: ScenarioContext, server: StartedServer, trial: Trial): Promise<Result> {
  const { how, bytes, compress } = trial;
  const session = await context.openSession({
    name: `${how}-${bytes}`,
    to: server,
    silent: true,
    compress,
    openTimeoutMs: BUSY_MS,
  });
  if ('refused' in session) {
    const result = trial.workers.alive ? 'busy' : 'gone';
    context.measure('size', { how, bytes, result, closeCode: null, rssGrowthBytes: null });
    return result;
  }
  const before = server.memoryBytes() ?? 0;
  let peak = before;
  let echoed = 0;
  let pong: number | undefined;
  let flushedMs: number | undefined;
  session.onMessage(({ payload }) => {
    echoed = Math.max(echoed, payload.length);
  });
  trial.send(session);
  if (trial.pings)
    void session.ping(Buffer.from(`after ${bytes}`), ANSWER_MS).then((tookMs) => {
      pong = tookMs;
    });
  await context.watch(ANSWER_MS, () => {
    peak = Math.max(peak, server.memoryBytes() ?? 0);
    if (session.isOpen && session.unsentBytes === 0) flushedMs ??= nowMs();
    const quiet = !trial.answers && flushedMs !== undefined && nowMs() - flushedMs > TAKEN_MS;
    return pong !== undefined || echoed >= bytes || !session.isOpen || quiet;
  });
  // What inflates to so much fits into the kernels.
  const left = !compress && bytes >= BEYOND_KERNELS && flushedMs !== undefined;
  // Taken first and ended a moment later is a refusal too.
  await context.watch(300, () => !session.isOpen);
  const ended = !session.isOpen;
  const closeCode = ended ? ((await session.ended(1000))?.closeCode ?? null) : null;
  let result: Result;
  if (!trial.workers.alive) result = 'gone';
  else if (ended) result = trial.endsAnyway && left && closeCode !== TOO_BIG ? 'accepted' : 'refused';
  else if (pong !== undefined || echoed >= bytes || left) result = 'accepted';
  else result = flushedMs === undefined ? 'unread' : 'unclear';
  const rssGrowthBytes = Math.max(0, peak - before);
  context.measure('size', { how, bytes, result, closeCode, unsentBytes: session.unsentBytes, rssGrowthBytes });
  session.terminate();
  return result;
}

/**
 * A close frame sent against a flood is often lost in the reset that follows it. So once more only the head of a frame
 * of 64 MiB with a little of its payload: who goes by the announced length answers in peace.
 */
async function announce(context: ScenarioContext, server: StartedServer): Promise<void> {
  const session = await context.openSession({ name: 'announced', to: server, silent: true });
  if ('refused' in session) return;
  session.sendHead(JUST_ABOVE);
  const end = await session.ended(TAKEN_MS);
  context.measure('announced', { bytes: JUST_ABOVE, closeCode: end?.closeCode ?? null });
  session.terminate();
}

function sendFragments(session: Session, text: string): void {
  const message = session.wrap(text);
  const size = Math.ceil(message.length / FRAGMENTS);
  for (let sent = 0; sent < message.length; sent += size) {
    session.sendFragment(message.slice(sent, sent + size), sent + size >= message.length);
  }
}

/** How a small message goes by without ending the session: a refusal must be about the size. */
async function understood(
  context: ScenarioContext,
  server: StartedServer,
): Promise<{ readonly form: 'json' | 'text' } & Pick<Trial, 'endsAnyway' | 'pings' | 'answers'>> {
  const forms = context.workload.form === 'text' ? (['text', 'json'] as const) : (['json', 'text'] as const);
  for (const pings of [true, false]) {
    for (const form of forms) {
      const session = await context.openSession({ name: `small-${form}`, to: server, silent: true });
      if ('refused' in session) continue;
      session.send(payloadOf(form, context.random.token(16), 256));
      const answers = pings && (await session.ping(Buffer.from('small'), 2000)) !== undefined;
      await context.watch(pings ? 300 : 1000, () => !session.isOpen);
      const { isOpen } = session;
      session.terminate();
      if (isOpen) return { form, endsAnyway: false, pings, answers };
    }
  }
  return { form: 'text', endsAnyway: !(await takesNothing(context, server)), pings: true, answers: false };
}

/**
 * Ended at the head of a message, of which the rest was never sent: the server takes no messages at all. What of a large one leaves
 * our socket is then read on behind its close frame, until ours comes, and was not taken.
 */
async function takesNothing(context: ScenarioContext, server: StartedServer): Promise<boolean> {
  const session = await context.openSession({ name: 'unread', to: server, silent: true });
  if ('refused' in session) return false;
  session.sendHead(UNREAD_BYTES);
  const end = await session.ended(TAKEN_MS);
  session.terminate();
  return end !== undefined;
}

/** About 1 MiB that inflates to 1 GiB of zeros, made 16 MiB at a time. */
function bomb(): Buffer {
  const block = deflateRawSync(Buffer.alloc(16 * MIB), { finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat(Array.from({ length: BOMB_BYTES / (16 * MIB) }, () => block));
}
