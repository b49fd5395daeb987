import type { EventOf, HistoryEvent, HistoryView, Target } from '../../harness/contract.js';
import { httpStatusOf, OK } from '../../harness/grpc-status.js';
import { countable } from '../../harness/heartbeats.js';
import { keyOf } from '../../harness/id-field.js';
import { answerToCall } from './answer-to-call.js';

/** One client that had no business there, and what became of it. */
export interface Stranger {
  readonly name: string;
  /** "no credential", "a wrong credential". */
  readonly credential: string;
  readonly status: number | null;
  /** Its handshake was taken. */
  readonly taken: boolean;
  readonly openMs: number;
  readonly ended: boolean;
  readonly closeCode: number | null;
  /** Of a gRPC call that is over. */
  readonly grpcStatus: number | null;
  /** What it got that only a good credential is to get. */
  readonly delivered: readonly HistoryEvent[];
  /** What it said was acted on. */
  readonly obeyed: boolean;
  /** It got several messages that cannot be compared with the good one's. */
  readonly unread: boolean;
  readonly event: EventOf<'measure'>;
}

type Message = EventOf<'message'>;

/** The same message at about the same time was sent to both; so was a backlog of several. */
const SAME_TIME_MS = 1000;
const BACKLOG = 3;
const UNREAD = 3;
/** Busy or broken, and so not about the credential. */
const BUSY = [429, 502, 503, 504];
/** Logins by first message that a specification prescribes. */
const SPECIFIED = /^(graphql-transport-ws|graphql-ws|mqtt|mqttv3\.1|v\d\d\.stomp|wamp\.2\.\w+|xmpp)$/;

/** A reason why nothing can be said about the credential; undefined where something can. */
export function spoiled(history: HistoryView): string | undefined {
  const refused = history.of('obstacle').find(({ code }) => code === 'CREDENTIAL');
  if (refused) return refused.text;
  if (history.measures('stranger').length === 0 || history.bites('bad-credentials').length === 0)
    return 'no client without a credential was tried';
  const good = history.measures('good')[0]?.facts;
  // A stream that was whole has ended by itself.
  if (good?.open !== true && good?.whole !== true)
    return 'the session with the declared credential was ended too, so that what ended the others is not known';
  const busy = strangersOf(history).find(({ status }) => BUSY.includes(Number(status)));
  return busy && `refused with ${busy.status}, which says nothing about a credential`;
}

export function strangersOf(history: HistoryView): Stranger[] {
  const heartbeats = new Set(
    history.measures('heartbeat words').flatMap(({ facts }) => Object.values(facts).map(String)),
  );
  const at = (gate: string) =>
    countable(
      history.of('message').filter((event) => event.gate === gate && event.dir === 'down' && isData(event)),
      heartbeats,
    );
  const good = at('good');
  const isUnary = history.measures('workload').some(({ facts }) => facts.pattern === 'unary');
  const greeting = new Set(isUnary ? [] : at('silent').map(({ hash }) => hash));
  return history.measures('stranger').map((event) => {
    const { name, status, openMs, ended, closeCode, echoed, broadcast } = event.facts;
    const got = at(String(name));
    const handshake = history.of('handshake').find(({ gate, dir }) => gate === name && dir === 'down');
    const call = answerToCall(history, String(name));
    const told = handshake?.status ?? (typeof status === 'number' ? status : null);
    const known = call?.status ? httpStatusOf(call.status) : told;
    const closing = history
      .of('message')
      .find(({ gate, dir, opcode }) => gate === name && dir === 'down' && opcode === 'close');
    const opened = history.of('session').find((one) => one.name === name && one.what === 'open');
    const delivered = [...sharedWith(good, got, opened?.t ?? 0), ...streamOf(good, got)];
    // An answer to what it asked for, the very one that the good client got to the same question.
    const answers = got.filter(({ hash }) => !greeting.has(hash) && good.some((one) => one.hash === hash));
    const answered = isUnary && call?.status === OK;
    if (answered) answers.push(...got.filter((one) => good.some((other) => saysLike(one, other))));
    const unread =
      (answered && answers.length === 0) ||
      (delivered.length === 0 && new Set(got.filter(isOpaque).map(({ hash }) => hash)).size >= UNREAD);
    return {
      name: String(name),
      credential: name === 'wrong' ? 'a wrong credential' : 'no credential',
      // A session of a subprotocol that refused the login was never one, though its handshake was taken.
      status: known,
      taken: !call?.refused && (opened !== undefined || known === 101 || handshake?.opens === true),
      // A unary call that was refused leaves its connection open.
      openMs: call?.refused
        ? Math.max(0, (call.endedAt ?? 0) - (opened?.t ?? Number.POSITIVE_INFINITY))
        : Number(openMs),
      ended: ended === true || call?.refused === true,
      grpcStatus: call?.status ?? null,
      closeCode: typeof closeCode === 'number' ? closeCode : (closing?.closeCode ?? null),
      delivered: delivered.length > 0 ? delivered : answers,
      obeyed: echoed === true || broadcast === true,
      unread,
      event,
    };
  });
}

/** graphql-transport-ws, Socket.IO and their like log in by their first message, and the protocol says how long that may take. */
export function logsInByMessage(history: HistoryView, target: Target): boolean {
  if (/[?&]EIO=[34](&|$)/.test(target.path)) return true;
  return history
    .of('handshake')
    .some(({ gate, dir, subprotocol }) => gate === 'good' && dir === 'down' && SPECIFIED.test(subprotocol ?? ''));
}

function isData({ opcode }: Message): boolean {
  return opcode === 'text' || opcode === 'binary';
}

function isOpaque({ form }: Message): boolean {
  return form === 'opaque';
}

/**
 * What both got: at the same time while both were there, or several of one make out of a backlog. A greeting each got at its own
 * arrival, and a text that is said over and over is no message.
 */
function sharedWith(good: readonly Message[], got: readonly Message[], openedAt: number): Message[] {
  const once = got.filter(({ hash }) => good.filter((one) => one.hash === hash).length === 1);
  const together = once.filter((one) =>
    good.some(({ hash, t }) => hash === one.hash && t >= openedAt && Math.abs(t - one.t) <= SAME_TIME_MS),
  );
  const backlog = once.filter(
    (one) => one.form === 'json' && once.filter((other) => shapeOf(other) === shapeOf(one)).length >= BACKLOG,
  );
  return together.length > 0 ? together : backlog;
}

/** Messages of the same make as those of the good one's stream: the same fields, and what never changes in them the same. */
function streamOf(good: readonly Message[], got: readonly Message[]): Message[] {
  const byShape = new Map<string, Message[]>();
  for (const message of good.filter(({ form }) => form === 'json')) {
    const shape = shapeOf(message);
    byShape.set(shape, [...(byShape.get(shape) ?? []), message]);
  }
  return [...byShape].flatMap(([shape, stream]) => {
    const constant = Object.entries(stream[0]?.fields ?? {}).filter(([pointer, value]) =>
      stream.every(({ fields }) => keyOf(fields?.[pointer] ?? null) === keyOf(value)),
    );
    const alike = got.filter(
      (message) =>
        shapeOf(message) === shape &&
        constant.every(([pointer, value]) => keyOf(message.fields?.[pointer] ?? null) === keyOf(value)),
    );
    const different = new Set(alike.map(({ hash }) => hash)).size;
    return new Set(stream.map(({ hash }) => hash)).size >= 3 && different >= 2 ? alike : [];
  });
}

/** Two answers of one type: with something in the same fields. */
function saysLike(one: Message, other: Message): boolean {
  const said = ({ fields }: Message) =>
    Object.entries(fields ?? {})
      .filter(([, value]) => (typeof value === 'object' ? (value?.length ?? 0) > 0 : Boolean(value)))
      .map(([pointer]) => pointer)
      .sort()
      .join(' ');
  return said(one) === said(other);
}

function shapeOf({ fields }: Message): string {
  return Object.keys(fields ?? {})
    .sort()
    .join(' ');
}
