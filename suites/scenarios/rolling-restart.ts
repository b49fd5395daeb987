import rollingRestart from '../../faults/rolling-restart.js';
import { every, nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { Deliveries, type Entry, type LeftAt } from '../../harness/deliveries.js';
import { payloadOf, tokensIn } from '../../harness/drivers/workload.js';
import { countable, heartbeatHashes } from '../../harness/heartbeats.js';
import { busyMs } from '../../harness/probes/busy.js';
import { kernelView } from '../../harness/probes/kernel-queues.js';
import type { Address, ReceivedMessage, ScenarioContext, Session } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';
import { delayIn, isNotice } from '../../harness/wording.js';

/** Five clients cannot tell a herd from a server that closes in batches. */
const CROWD = 1000;
const BATCH = 50;
const TALKERS = 4;
/** Messages a second of all talkers; where all clients get each, fewer will do. */
const RATE = 50;
const BROADCAST_RATE = 20;
const BYTES = 128;
/** Not scaled: it is our own traffic that must show what the server does with it undisturbed. */
const FLOW_MS = 4000;
/** Where nothing of ours flows, what the server tells all of them is waited for; a slow feed has this many in 12 s. */
const PUBLISHED = 12;
/** Who comes so much later gets at another time what is told to each from the start, and at the same what is told to all. */
const LATE_COMER_MS = 2000;
const PUBLISHED_MS = 12_000;
/** Messages of the last two seconds may be in flight at the signal. */
const LAST_MS = 2000;
const READS_MS = 1000;
/** A client whose TCP connection is left open after the goodbye waits for its end no longer than this (Chromium: 2 s). */
const LINGER_MS = 2000;
const LOOK_MS = 50;
const NOTICE_BYTES = 4096;
/** Our clients come back within a second, each when chance says. */
const BACK_MS = 1000;
const LEAST_SLACK_MS = 50;

export default defineScenario({
  id: 'rolling-restart',
  about:
    'two copies behind one address; new connections go to the new one, and the old one is stopped with 200 sessions and messages in flight',
  role: 'server',
  lane: 'busy',
  ownServer: true,
  faults: ['rolling-restart'],
  connections: ({ clients }) => clients,
  windowMs: 12_000,
  async run(context) {
    const { server: spec } = context.target;
    const alone = spec?.port !== undefined || spec?.serialCopies === true;
    const old = await context.startServer({ name: 'old' });
    const next = alone ? undefined : await context.startServer({ name: 'new' });
    const gate = await context.openGate({ name: 'address', to: old, tap: false });
    const talk = await Talk.open(context, gate);
    const crowd = await gather(context, gate, Math.min(CROWD, context.options.clients));
    context.phase('baseline');
    const startMs = nowMs();
    using _flow = talk.flow();
    await context.watch(FLOW_MS);
    if (talk.onlyHears) await context.watch(PUBLISHED_MS - FLOW_MS, () => talk.published(startMs) >= PUBLISHED);
    const unreadBytes = await untilRead(context, old);
    const open = crowd.filter(({ session }) => session.isOpen);
    context.phase('fault');
    const signalMs = nowMs();
    for (const member of open) member.listen();
    await context.inject(rollingRestart, { gate, old, next }, { signal: spec?.stopSignal ?? 'SIGTERM' });
    const returns = next ? talk.return(gate) : Promise.resolve(0);
    const graceMs = context.ms(spec?.graceMs ?? 60_000);
    const everybody = [...open.map(({ session }) => session), ...talk.sessions];
    const busy = new BusyWhileLeaving(old);
    await context.watch(
      graceMs,
      () => {
        const stay = everybody.filter((session) => leftMs(session) === undefined).length;
        busy.look(stay === everybody.length);
        return stay === 0;
      },
      LOOK_MS,
    );
    context.phase('recovery');
    tellCrowd(context, crowd.length, open, signalMs, busy.ms);
    talk.tell(startMs, signalMs, unreadBytes);
    context.measure('returned', { asked: next ? TALKERS : 0, back: await returns });
  },
});

interface Member {
  readonly session: Session;
  /** From now on its messages may be notices. */
  listen(): void;
  /** What it was asked to wait when it was sent away. */
  readonly askedMs: number | undefined;
  /** What it was asked to wait before, whenever it has to come back: no clients of one such time are a herd for another's. */
  readonly usualMs: number;
}

async function gather(context: ScenarioContext, to: Address, count: number): Promise<Member[]> {
  const crowd: Member[] = [];
  for (let from = 0; from < count; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - from) }, (_, i) =>
      join(context, to, `crowd-${from + i}`),
    );
    crowd.push(...(await Promise.all(batch)).filter((member) => member !== undefined));
  }
  return crowd;
}

async function join(context: ScenarioContext, to: Address, name: string): Promise<Member | undefined> {
  let listening = false;
  let usualMs = 0;
  let listenedMs = Number.POSITIVE_INFINITY;
  let askedMs: number | undefined;
  const onMessage = ({ payload, binary }: ReceivedMessage) => {
    if (!listening || binary || payload.length > NOTICE_BYTES) return;
    const text = payload.toString();
    if (isNotice(text)) askedMs ??= delayIn(text);
  };
  const session = await context.openSession({ name, to, silent: true, onMessage });
  if ('refused' in session) return undefined;
  return {
    session,
    listen: () => {
      listening = true;
      usualMs = session.retry?.ms ?? 0;
      listenedMs = nowMs();
    },
    get askedMs() {
      const { retry } = session;
      return askedMs ?? (retry && retry.atMs >= listenedMs ? retry.ms : undefined);
    },
    get usualMs() {
      return usualMs;
    },
  };
}

/**
 * When a client of this session is free to come back: it has heard the goodbye, and its connection is closed. Of gRPC it comes
 * back when its call has ended: after GOAWAY those in flight go on (RFC 9113, 6.8).
 */
function leftMs(session: Session): number | undefined {
  const { end, goodbye } = session;
  if ('call' in session) return end?.atMs;
  if (end) return goodbye ? Math.min(end.atMs, goodbye.atMs + LINGER_MS) : end.atMs;
  return goodbye && nowMs() - goodbye.atMs > LINGER_MS ? goodbye.atMs + LINGER_MS : undefined;
}

/** How long the server ran, or wanted to, from the first that left to the last. */
class BusyWhileLeaving {
  private before: number | undefined;
  private after: number | undefined;
  constructor(private readonly server: StartedServer) {}

  look(nobodyLeft: boolean): void {
    const now = busyMs(this.server.pids());
    if (nobodyLeft) this.before = now;
    // Nothing can be read of it any more when it has ended.
    this.after = Math.max(this.after ?? 0, now ?? 0);
  }

  get ms(): number | null {
    return this.before === undefined || this.after === undefined ? null : this.after - this.before;
  }
}

function tellCrowd(
  context: ScenarioContext,
  asked: number,
  open: readonly Member[],
  signalMs: number,
  busyMs: number | null,
): void {
  const left = open.flatMap(({ session, usualMs }) => {
    const atMs = leftMs(session);
    return atMs === undefined ? [] : [atMs - signalMs + usualMs];
  });
  const goodbyes = open.flatMap(({ session }) => session.goodbye ?? []);
  const delays = open.flatMap(({ session, askedMs }) => askedMs ?? delayIn(session.goodbye?.text ?? '') ?? []);
  context.samples('left', 'ms', left);
  context.measure('crowd', {
    asked,
    open: open.length,
    left: left.length,
    busyMs,
    usual: open.filter(({ usualMs }) => usualMs > 0).length,
    restarts: goodbyes.filter(({ code }) => code === 1012).length,
    delays: delays.length,
    minDelayMs: delays.length > 0 ? Math.min(...delays) : null,
    maxDelayMs: delays.length > 0 ? Math.max(...delays) : null,
  });
}

/** What has reached the server is read by it before it is told to stop: then it was in its hands. */
async function untilRead(context: ScenarioContext, { port }: StartedServer): Promise<number | null> {
  let unreadBytes: number | null = null;
  await context.watch(READS_MS, () => {
    unreadBytes = kernelView(port)?.unreadBytes ?? null;
    return unreadBytes === 0 || unreadBytes === null;
  });
  return unreadBytes;
}

/** A few clients that send and listen all the time. */
class Talk {
  readonly sessions: Session[] = [];
  private readonly listeners = new Map<string, LeftAt>();
  private readonly deliveries = new Deliveries(this.listeners);
  private readonly heartbeats: ReadonlySet<string>;
  private turn = 0;

  private constructor(private readonly context: ScenarioContext) {
    this.heartbeats = heartbeatHashes((text) => context.observer.hash(text));
  }

  static async open(context: ScenarioContext, to: Address): Promise<Talk> {
    const talk = new Talk(context);
    for (let i = 1; i <= TALKERS; i++) {
      if (i === TALKERS && talk.onlyHears) await context.watch(LATE_COMER_MS);
      const name = `talker-${i}`;
      const session = await context.mustOpen({ name, to, onMessage: (message) => talk.hear(name, message) });
      talk.sessions.push(session);
      talk.listeners.set(name, () => session.goodbye?.atMs ?? session.end?.atMs);
    }
    return talk;
  }

  /** Nothing of ours flows: all there is comes from the server. */
  get onlyHears(): boolean {
    return this.context.workload.push && this.context.workload.form === 'none';
  }

  published(fromMs: number): number {
    return this.deliveries.common(fromMs, nowMs()).messages;
  }

  private hear(name: string, { payload, binary, atMs }: ReceivedMessage): void {
    const { deliveries } = this;
    const own = tokensIn(payload, payload.length).filter((token) => deliveries.isSent(token));
    for (const token of own) deliveries.arrive(token, name, atMs);
    const { observer, workload } = this.context;
    if (own.length > 0 || !workload.push) return;
    const facts = observer.payload(payload, binary);
    if (countable([facts], this.heartbeats).length > 0) deliveries.arrive(facts.hash, name, atMs);
  }

  /** One after another they say something, until the server has told them to go. */
  flow(): Disposable {
    const { workload, random } = this.context;
    const { form } = workload;
    return every(1000 / (workload.broadcast ? BROADCAST_RATE : RATE), () => {
      if (form === 'none') return;
      this.turn = (this.turn + 1) % TALKERS;
      const sender = this.sessions[this.turn];
      if (!sender?.isOpen || sender.goodbye) return;
      const hears = (session: Session) => session.isOpen && (session === sender ? workload.echo : workload.broadcast);
      const to = this.sessions.filter(hears);
      const token = random.token(16);
      this.deliveries.send(
        token,
        nowMs(),
        to.map(({ name }) => name),
      );
      sender.send(payloadOf(form, token, BYTES));
    });
  }

  /** Each comes back to the same address when it has been sent away. Gives how many were let in. */
  async return(to: Address): Promise<number> {
    const { context } = this;
    const graceMs = context.ms(context.target.server?.graceMs ?? 60_000);
    const back = this.sessions.map(async (session, i) => {
      if ((await context.watch(graceMs, () => leftMs(session) !== undefined)) === undefined) return false;
      await context.watch(context.random.integer(0, BACK_MS));
      return !('refused' in (await context.openSession({ name: `again-${i + 1}`, to, silent: true })));
    });
    return (await Promise.all(back)).filter((isBack) => isBack).length;
  }

  tell(startMs: number, signalMs: number, unreadBytes: number | null): void {
    const { context, deliveries } = this;
    const lastMs = signalMs - LAST_MS;
    const judgedMs = this.onlyHears ? startMs : lastMs;
    const before = deliveries.ours(startMs, lastMs, lastMs);
    const common = deliveries.common(startMs, lastMs);
    const kept = before.filter(({ expected, delivered }) => delivered === expected).length;
    context.measure('flow', {
      sent: before.length,
      kept,
      published: common.messages,
      shared: this.onlyHears && common.usualSkewMs > LATE_COMER_MS / 2 ? 0 : common.shared,
      unreadBytes,
    });
    const note =
      (name: string) =>
      ({ atMs, expected, delivered, deliveredBy }: Entry) =>
        context.measure(name, { beforeMs: signalMs - atMs, expected, delivered, atSignal: deliveredBy });
    deliveries.ours(lastMs, signalMs, signalMs).forEach(note('sent'));
    // What some had before the signal was in its hands, however long it takes for the others.
    const slackMs = this.onlyHears ? LEAST_SLACK_MS : Math.max(LEAST_SLACK_MS, 3 * common.skewMs);
    deliveries.theirs(judgedMs, signalMs, signalMs, slackMs).forEach(note('published'));
  }
}
