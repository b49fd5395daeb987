import { nowMs } from './clock.js';
import type { EventBody } from './contract.js';
import { payloadOf } from './drivers/workload.js';
import { HarnessError } from './errors.js';
import { CLIENT_NAMES, createRunTimeCa, VALID_DAYS } from './path/run-time-ca.js';
import { openTlsFront } from './path/tls-front.js';
import { isDuplex, protocolNamed } from './protocol.js';
import { whyRefused } from './refusal.js';
import type { ReceivedMessage, ScenarioContext, Session, Workload } from './scenario.js';
import type { StartedClient } from './target/client.js';
import { targetDied } from './target/process.js';
import type { StartedServer } from './target/server.js';
import { UNKNOWN_WORKLOAD } from './worker-protocol.js';

/** How long a server is watched for messages of its own, and for answers. Long enough for a 1 s ticker, twice. */
const LISTEN_MS = 2500;
/** A server that takes long to answer a handshake, on a busy machine mostly, is listened to for so many times that. */
const PATIENCE = 20;
const LONGEST_LISTEN_MS = 15_000;
const ANSWER_MS = 1500;
/** A greeting on arrival is no stream. */
const GREETING_MS = 500;
/** A client may need a JVM or a bundler to start. */
const CLIENT_START_MS = 60_000;
/** Its start has been waited for before. */
const TLS_START_MS = 20_000;
/** From its connection to its request. */
const ASK_MS = 5000;
/** Some post a login first, and then ask for a stream. */
const SECOND_ASK_MS = 3000;
const DEATH_MS = 500;
const PROBE_SIZES = [16_384, 4096, 1024, 256];

/**
 * Before anything is disturbed: does the server take a handshake, does the client arrive, and what does the traffic
 * look like? What fails here is a wrong setting, not a verdict (exit 3).
 */
export async function preflight(context: ScenarioContext): Promise<Workload> {
  const { target } = context;
  protocolNamed(target.protocol).validate?.(target);
  const server = target.server ? await context.startServer() : undefined;
  const learned = (await protocolNamed(target.protocol).learn?.(target, server)) ?? {};
  const workload = { ...UNKNOWN_WORKLOAD, ...(server ? await learnOrTell(context, server) : {}), ...learned };
  return target.client ? { ...workload, ...(await arrivesByTlsOnly(context, server)) } : workload;
}

type Arrival = Pick<Workload, 'speaksTls' | 'clientPosts'>;

/** A client that takes no URL without TLS is tried with one that has it before it is said never to have come. */
async function arrivesByTlsOnly(context: ScenarioContext, server: StartedServer | undefined): Promise<Arrival> {
  try {
    return { speaksTls: false, clientPosts: await arrive(context, server) };
  } catch (error) {
    if (context.signal.aborted || context.target.client?.listen !== undefined) throw error;
    const arrival = await arrivesByTls(context);
    if (!arrival) throw error;
    return arrival;
  }
}

async function arrivesByTls(context: ScenarioContext): Promise<Arrival | undefined> {
  using ca = createRunTimeCa();
  const { alpn } = protocolNamed(context.target.protocol);
  const asked = new Requests();
  const upstream = await context.openGate({ name: 'arrival', to: await context.startReference(), onEvent: asked.take });
  await using front = await openTlsFront({ certificate: ca.authority.issue(CLIENT_NAMES, VALID_DAYS), upstream, alpn });
  await using gate = await context.openGate({ name: 'arrival-tls', to: front, tap: false });
  await using client = await context.startClient({ name: 'client', gate, secure: true, env: ca.env, settleMs: 0 });
  await context.watch(TLS_START_MS, () => front.trustedBytes > 0 || client.process.exit !== undefined);
  if (front.trustedBytes === 0) return undefined;
  return { speaksTls: true, clientPosts: await asked.arePosts(context, client) };
}

/** Whether it asks by POST. */
async function arrive(context: ScenarioContext, server: StartedServer | undefined): Promise<boolean> {
  const upstream = server ?? (await context.startReference());
  const asked = new Requests();
  const gate = await context.openGate({ name: 'arrival', to: upstream, onEvent: asked.take });
  const client = await context.startClient({ name: 'client', gate });
  const arrived = await context.watch(CLIENT_START_MS, () => gate.accepted > 0 || client.process.exit !== undefined);
  if (gate.accepted > 0) return asked.arePosts(context, client);
  const exit = client.process.exit;
  if (arrived && exit) {
    const said = client.process.stderrTail.at(-1);
    throw new HarnessError(
      'NEVER_CONNECTED',
      `the client ended (${exit.signal ?? `exit ${exit.code}`}) and never connected to {url}${said ? `: ${said}` : ''}`,
    );
  }
  throw new HarnessError(
    'NEVER_CONNECTED',
    `the client never connected to {url} (127.0.0.1:${gate.port}) within ${CLIENT_START_MS / 1000} s: it reads TARGET_URL, {url} in its command, or use --listen`,
  );
}

/** What a server that died could not answer is told by its death. */
async function learnOrTell(context: ScenarioContext, server: StartedServer): Promise<Workload> {
  try {
    return await learn(context, server);
  } catch (error) {
    // The end of its connections is seen before its own.
    await context.watch(DEATH_MS, () => server.process?.exit);
    if (!server.process?.exit || server.alive()) throw error;
    throw await targetDied(server.process, 'when its first clients came and went');
  }
}

async function learn(context: ScenarioContext, server: StartedServer): Promise<Workload> {
  const opened = await context.openSession({ name: 'first', to: server, compress: true });
  if ('refused' in opened) {
    throw new HarnessError('HANDSHAKE_REFUSED', whyRefused(opened, context.target, `${server.host}:${server.port}`));
  }
  const deflate = opened.extensions.includes('permessage-deflate');
  await opened[Symbol.asyncDispose]();

  const left = await join(context, server, 'left');
  // Not the first, which meets a program that has yet to warm up.
  const askedMs = nowMs();
  const inboxes: [Inbox, Inbox] = [left, await join(context, server, 'right')];
  const listenedMs = nowMs();
  const answeredMs = listenedMs - askedMs;
  // A greeting on arrival is no stream: what comes in the first half second does not count.
  const ownMessages = () => Math.max(...inboxes.map((inbox) => inbox.since(listenedMs + context.ms(GREETING_MS))));
  await context.watch(context.ms(LISTEN_MS));
  refuseEnded(context, server, inboxes);
  const moreMs = Math.min(PATIENCE * answeredMs, LONGEST_LISTEN_MS) - context.ms(LISTEN_MS);
  await context.watch(moreMs, () => ownMessages() >= 2 || inboxes.every(({ session }) => !session.isOpen));
  const seconds = (nowMs() - listenedMs) / 1000;
  const own = ownMessages();
  const push = own >= 2;
  const base = {
    ...UNKNOWN_WORKLOAD,
    serverPosted: isPosted(context.target),
    answersEnd: inboxes.every(({ session }) => session.end?.complete === true),
    push,
    pushPerS: push ? own / (seconds - context.ms(GREETING_MS) / 1000) : 0,
    deflate,
  };
  if (!isDuplex(context.target)) return base;

  for (const form of ['json', 'text'] as const) {
    const inbox = await revive(context, server, inboxes);
    if (!inbox) {
      await sayIfDied(context, server);
      return base;
    }
    const [left, right] = inbox;
    const token = context.random.token(16);
    left.session.send(payloadOf(form, token, 128));
    await context.watch(ANSWER_MS, () => left.has(token) && right.has(token));
    const echo = left.has(token);
    const broadcast = right.has(token);
    if (echo || broadcast) {
      const maxBytes = await largestEcho(context, server, inboxes, form);
      return { ...base, echo, broadcast, form, maxBytes };
    }
  }
  await sayIfDied(context, server);
  return base;
}

/** Of a probe: its death is told, and what is asked of it goes on. */
async function sayIfDied(context: ScenarioContext, server: StartedServer): Promise<void> {
  if (!server.process?.exit || server.alive()) return;
  const died = await targetDied(server.process, 'when it was sent a message that it may not know');
  context.obstacle('SERVER_CRASHED', `${died.message}; it is judged without messages of ours`);
}

/** Sessions that the server ends before anything was asked of them would fail checks that are not about that. */
function refuseEnded(context: ScenarioContext, server: StartedServer, inboxes: readonly [Inbox, Inbox]): void {
  const ends = inboxes.map(({ session }) => session.end);
  // A stream with an end may have come to it.
  if (isPosted(context.target) || ends.some((end) => end === undefined || end.complete)) return;
  if (ends.every((end) => end?.unread === true)) {
    throw new HarnessError(
      'NOT_READ',
      `the server at ${server.host}:${server.port} sent to each of its first sessions a message that is larger than Holdfast reads of any (72 MiB)`,
    );
  }
  const { closeCode: code, failure } = ends[0] ?? {};
  const { path } = context.target;
  const { opening, remedies } = protocolNamed(context.target.protocol);
  const mute = isDuplex(context.target) ? ', with no close frame' : '';
  const why = failure === undefined ? mute : ` (${failure})`;
  const how = code === undefined ? why : `, with close code ${code}`;
  throw new HarnessError(
    'SESSION_ENDED',
    `the server at ${server.host}:${server.port} took ${opening} at ${path} and ended each session within ${context.ms(LISTEN_MS) / 1000} s${how}: a credential is given with --auth, what it wants to hear first with --subscribe${remedies}`,
  );
}

/** The largest of our probe sizes that comes back: some servers close on a message of a few hundred bytes. */
async function largestEcho(
  context: ScenarioContext,
  server: StartedServer,
  inboxes: [Inbox, Inbox],
  form: 'json' | 'text',
): Promise<number> {
  for (const size of PROBE_SIZES) {
    const pair = await revive(context, server, inboxes);
    if (!pair) return 0;
    const token = context.random.token(16);
    pair[0].session.send(payloadOf(form, token, size));
    if (await context.watch(ANSWER_MS, () => pair[0].has(token) || pair[1].has(token))) return size;
  }
  return 128;
}

/** A server may close on what it does not understand; the next try gets fresh sessions. */
async function revive(
  context: ScenarioContext,
  server: StartedServer,
  inboxes: [Inbox, Inbox],
): Promise<[Inbox, Inbox] | undefined> {
  for (const index of [0, 1] as const) {
    if (inboxes[index].session.isOpen) continue;
    const again = await context.openSession({ name: `again-${index}`, to: server });
    if ('refused' in again) return undefined;
    inboxes[index] = new Inbox(again);
  }
  return inboxes;
}

async function join(context: ScenarioContext, server: StartedServer, name: string): Promise<Inbox> {
  return new Inbox(await context.mustOpen({ name, to: server }));
}

/** An event stream that a first message is sent for is the answer to a POST. */
function isPosted({ protocol, subscribe }: ScenarioContext['target']): boolean {
  return subscribe?.in === 'message' && protocolNamed(protocol).postsForAnEnd === true;
}

/** The methods of the requests that a client made, where the protocol has several. */
class Requests {
  private readonly methods: string[] = [];
  readonly take = (event: EventBody) => {
    if (event.type === 'handshake' && event.dir === 'up' && event.method) this.methods.push(event.method);
  };

  /** A page asks for leave first (OPTIONS). */
  async arePosts(context: ScenarioContext, client: StartedClient): Promise<boolean> {
    if (!protocolNamed(context.target.protocol).postsForAnEnd) return false;
    const made = (method: string) => this.methods.includes(method);
    await context.watch(ASK_MS, () => made('POST') || made('GET') || client.process.exit !== undefined);
    if (made('POST')) await context.watch(SECOND_ASK_MS, () => made('GET'));
    return made('POST') && !made('GET');
  }
}

class Inbox {
  private readonly seen: ReceivedMessage[] = [];
  constructor(readonly session: Session) {
    session.onMessage((message) => {
      this.seen.push(message);
    });
  }
  since(atMs: number): number {
    return this.seen.filter((message) => message.atMs >= atMs).length;
  }
  has(token: string): boolean {
    // A server may answer in capitals.
    return this.seen.some(({ payload }) => payload.toString('latin1').toLowerCase().includes(token));
  }
}
