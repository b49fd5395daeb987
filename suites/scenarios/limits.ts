import { every, nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { payloadOf, tokensIn } from '../../harness/drivers/workload.js';
import { kernelView } from '../../harness/probes/kernel-queues.js';
import type { ReceivedMessage, Refusal, ScenarioContext, Session } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';
import { isLimitCode, saysLimited } from '../../harness/wording.js';

/** Not scaled: a rate is a rate. 6,500 in one go also meet a limit of 100 a second that is counted by the minute. */
const MESSAGES_PER_S = 1000;
const MESSAGES = 6500;
const BYTES = 128;
/** More than a limit of 1,000 (or 1,024) open connections bears. */
const CONNECTS_PER_S = 200;
const CONNECTS = 1100;
/** After so many that were told, the rest would be told too. */
const ENOUGH = 10;
const TICK_MS = 5;
const GREETING_MS = 500;
/** What is still answered is waited for, unless nothing came for this long. */
const SILENT_MS = 2000;
const SETTLE_MS = 8000;
/** A handshake that lies in a queue is given up. */
const OPEN_TIMEOUT_MS = 5000;
/** What is let in and thrown out in this time was not let in. */
const THROWN_OUT_MS = 1500;
/** Never answered, or not made for want of descriptors or ports of our own. */
const UNMADE = /timed out|EMFILE|ENFILE|EADDRNOTAVAIL/i;
/** At the beginning of a goodbye. */
const GRPC_STATUS = /^[A-Z]+(?:_[A-Z]+)*(?=$|:)/;
/** An orderly refusal (CHECKLIST rule 23) that came after the call seemed to be taken. */
const TOO_MUCH = /^UNAVAILABLE\b/;
/** Behind the kernels' buffers: the server does not read on. */
const HELD_BACK_BYTES = 256 * 1024;

export default defineScenario({
  id: 'limits',
  about:
    'one client sends 1,000 messages a second, another opens 200 connections a second; does the server say that it is too much?',
  role: 'server',
  lane: 'busy',
  faults: [],
  connections: () => 1100,
  windowMs: 16_000,
  async run(context) {
    // Each on a copy of its own: who has broken one limit may be banned for a while.
    const first = await context.startServer();
    context.phase('baseline');
    if (context.workload.form !== 'none') await flood(context, first, context.workload.form);
    await first.stop();
    const second = await context.startServer();
    context.phase('fault', 'connections');
    await crowd(context, second);
  },
});

async function flood(context: ScenarioContext, server: StartedServer, form: 'json' | 'text'): Promise<void> {
  const unanswered = new Set<string>();
  let answered = 0;
  let lastMs = nowMs();
  let told = false;
  let usual = false;
  let started = false;
  const hear = ({ payload, binary }: ReceivedMessage) => {
    const own = tokensIn(payload, payload.length).filter((token) => unanswered.delete(token));
    answered += own.length;
    if (own.length > 0) lastMs = nowMs();
    if (own.length > 0 || binary || !saysLimited(payload.toString())) return;
    if (started) told = true;
    else usual = true;
  };
  const session = await context.mustOpen({ name: 'sender', to: server, silent: true, onMessage: hear });
  if (!context.workload.echo) await context.mustOpen({ name: 'hearer', to: server, silent: true, onMessage: hear });
  await context.watch(GREETING_MS);
  context.phase('fault', 'messages');
  started = true;
  const startMs = nowMs();
  let sent = 0;
  const over = () => {
    if (started && saysLimited(session.refusal ?? '')) told = true;
    return !session.isOpen || session.goodbye !== undefined || (told && !usual);
  };
  const done = () => over() || sent >= MESSAGES || session.unsentBytes > HELD_BACK_BYTES;
  using _flow = every(TICK_MS, () => {
    const due = Math.min(MESSAGES, ((nowMs() - startMs) * MESSAGES_PER_S) / 1000);
    for (; sent < due && !done(); sent++) {
      const token = context.random.token(16);
      unanswered.add(token);
      session.send(payloadOf(form, token, BYTES));
    }
  });
  await context.watch((2 * 1000 * MESSAGES) / MESSAGES_PER_S, done, TICK_MS);
  const tookMs = nowMs() - startMs;
  lastMs = nowMs();
  await context.watch(SETTLE_MS, () => over() || unanswered.size === 0 || nowMs() - lastMs > SILENT_MS);
  const { end, goodbye } = session;
  const unreadBytes = session.unsentBytes + (server.onLoopback ? (kernelView(server.port)?.unreadBytes ?? 0) : 0);
  context.measure('messages', {
    sent,
    tookMs,
    answered,
    heldBack: unanswered.size > 0 && (nowMs() - lastMs <= SILENT_MS || unreadBytes > 0),
    told: told && !usual,
    ended: end !== undefined || goodbye !== undefined,
    // Of gRPC the name of a status.
    code: goodbye?.code ?? end?.closeCode ?? GRPC_STATUS.exec(goodbye?.text ?? '')?.[0] ?? null,
    says: saysLimited(goodbye?.text ?? ''),
    alive: server.alive(),
  });
  session.terminate();
}

/** Connections of one address, all kept open. */
async function crowd(context: ScenarioContext, server: StartedServer): Promise<void> {
  const knocks: Knock[] = [];
  const count = (kind: Became) => knocks.filter(({ became }) => became === kind).length;
  const done = () => knocks.length >= CONNECTS || count('told') >= ENOUGH || !server.alive();
  const startMs = nowMs();
  const flow = every(TICK_MS, () => {
    const due = Math.min(CONNECTS, ((nowMs() - startMs) * CONNECTS_PER_S) / 1000);
    while (knocks.length < due && !done()) knocks.push(new Knock(context, server, knocks.length + 1));
  });
  await context.watch((2 * 1000 * CONNECTS) / CONNECTS_PER_S, done);
  flow[Symbol.dispose]();
  const tookMs = nowMs() - startMs;
  await Promise.all(knocks.map(({ settled }) => settled));
  await context.watch(THROWN_OUT_MS, () => count('told') >= ENOUGH);
  const first = knocks.find(({ became }) => became !== 'open' && became !== 'left');
  context.measure('connections', {
    made: knocks.length,
    tookMs,
    open: count('open'),
    told: count('told'),
    mute: count('mute'),
    unanswered: count('unanswered'),
    left: count('left'),
    otherStatus: knocks.find(({ became }) => became === 'status')?.status ?? null,
    limitedAt: first?.at ?? null,
    alive: server.alive(),
  });
}

type Became = 'pending' | 'open' | 'told' | 'status' | 'mute' | 'unanswered' | 'left';

/** One connection, and what became of it. */
class Knock {
  readonly settled: Promise<void>;
  private answer: Session | Refusal | undefined;
  private says = false;

  constructor(
    context: ScenarioContext,
    to: StartedServer,
    readonly at: number,
  ) {
    const onMessage = ({ payload, binary }: ReceivedMessage) => {
      this.says ||= !binary && saysLimited(payload.toString());
    };
    const options = { name: `knock-${at}`, to, silent: true, openTimeoutMs: OPEN_TIMEOUT_MS, onMessage };
    this.settled = context.openSession(options).then((answer) => {
      this.answer = answer;
    });
  }

  get status(): number | undefined {
    return this.answer && 'refused' in this.answer ? this.answer.status : undefined;
  }

  get became(): Became {
    const { answer } = this;
    if (!answer) return 'pending';
    if (this.says || this.status === 429 || this.status === 503) return 'told';
    if (this.status !== undefined) return 'status';
    if ('refused' in answer) return UNMADE.test(answer.reason) ? 'unanswered' : 'mute';
    const { end, goodbye } = answer;
    const endedMs = goodbye?.atMs ?? end?.atMs;
    if (endedMs === undefined) return 'open';
    if (goodbye && (saysLimited(goodbye.text) || TOO_MUCH.test(goodbye.text))) return 'told';
    // What was a session for a while was ended for some other reason.
    if (endedMs - answer.openedAtMs > THROWN_OUT_MS) return 'left';
    return goodbye && isLimitCode(goodbye.code) ? 'told' : 'mute';
  }
}
