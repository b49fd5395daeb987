import type { EventBodyAt, EventOf, HistoryView, Scalar } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { keyOf } from '../../harness/id-field.js';

const ENOUGH = 10;
const OVERLAP_MS = 5000;
/** An acknowledgement names little but what it acknowledges. */
const ACK_FIELDS = 4;
const ACK_MS = 5000;
const LEAST_ID = 10;
const ID_LENGTH = 6;
/** "2" and "3" of Engine.IO, "h" of SockJS. */
const PACKET_BYTES = 3;
const OPENING_MS = 2000;
/** Where a message says of what kind it is; a text may well be "hello". */
const KIND = /^\/\d$|\/(type|op|event|action|method|cmd|command|kind|t|e|msg)$/i;

type Message = EventOf<'message'>;
type Fields = Readonly<Record<string, Scalar>>;

export default defineCheck({
  id: 'websocket/one-way-websocket',
  level: 'SHOULD',
  antiPattern: 1,
  role: 'server',
  scenario: 'directions',
  title: 'SHOULD use a WebSocket both ways',
  why: 'Where one side only listens, Server-Sent Events (or POST, and a stream) do the same over plain HTTP: with reconnection, ids and every proxy that there is.',
  fix: 'Send the stream as SSE, and what clients say now and then by POST.',
  source:
    'CHECKLIST rule 21: directions of the application’s messages of one client and its server; subscribe, auth, ack and heartbeat do not count',
  measured: { sent: 'messages', received: 'messages', overlapShare: 'share of 5 s' },
  expect: { minMessages: ENOUGH },
  samples: 'received',
  unless: (target) =>
    target.client ? undefined : 'needs --client: only a client and its server show what each of them sends',
  judge(history, { expect }) {
    const { sent, received } = applicationMessages(history);
    const unread = history.of('undecodable')[0];
    const measured = { sent: sent.length, received: received.length, overlapShare: overlapOf(sent, received) };
    const fewer = Math.min(sent.length, received.length);
    if (fewer > 1) {
      const because = [...sent.slice(0, 2), ...received.slice(0, 2)];
      return pass(`${sent.length} messages to the server, ${received.length} to the client`, { measured, because });
    }
    if (fewer === 1) return inconclusive('only one message went one of the ways', { measured });
    if (unread) return inconclusive('not all of the traffic could be read', { measured, because: [unread] });
    const total = sent.length + received.length;
    const enough = expect.minMessages ?? ENOUGH;
    if (total < enough)
      return inconclusive(`only ${total} messages of the application passed, ${enough} are needed`, { measured });
    const because = [...sent, ...received].slice(0, 3);
    return received.length > 0
      ? fail(`${received.length} messages to the client and none to the server: SSE would do`, {
          measured,
          because,
          confidence: 'medium',
        })
      : fail(`${sent.length} messages to the server and none to the client: POST would do`, {
          measured,
          because,
          confidence: 'medium',
        });
  },
  examples: { pass: story(5), fail: story(0) },
});

/** Both ways, without what the protocol says on its own: heartbeats, subscriptions, credentials, acknowledgements. */
function applicationMessages(history: HistoryView) {
  const words = new Set(Object.values(history.measures('protocol words')[0]?.facts ?? {}).map(String));
  const data = history
    .of('message')
    .filter(({ gate, opcode }) => gate === 'client' && (opcode === 'text' || opcode === 'binary'));
  const up = data.filter(({ dir }) => dir === 'up');
  const down = data.filter(({ dir }) => dir === 'down');
  const isSaid = (event: Message) =>
    event.form !== 'empty' &&
    event.bytes > PACKET_BYTES &&
    !isProtocol(event, words) &&
    !isOpening(history, event, data);
  return {
    sent: up.filter((event) => isSaid(event) && !isAck(event, up, down)),
    received: down.filter((event) => isSaid(event) && !isAck(event, down, up)),
  };
}

function isProtocol({ fields = {}, hash }: Message, words: ReadonlySet<string>): boolean {
  if (words.has(hash)) return true;
  return Object.entries(fields).some(
    ([pointer, value]) => typeof value === 'object' && value !== null && words.has(value.hash) && KIND.test(pointer),
  );
}

/** What a side says first: a greeting, a subscription, a credential. */
function isOpening(history: HistoryView, event: Message, data: readonly Message[]): boolean {
  const start = history.of('connection').find(({ conn, what }) => conn === event.conn && what === 'start')?.t ?? 0;
  const first = data.find(({ conn, dir }) => conn === event.conn && dir === event.dir);
  return first === event && event.t < start + OPENING_MS;
}

/** Names something that the other side has just said, and beside it only what all of its kind say. */
function isAck(event: Message, own: readonly Message[], others: readonly Message[]): boolean {
  const entries = Object.entries(event.fields ?? {});
  if (entries.length === 0 || entries.length > ACK_FIELDS || others.some(({ hash }) => hash === event.hash))
    return false;
  const recent = others.filter(({ t }) => t <= event.t && t > event.t - ACK_MS);
  const named = entries.find(
    ([, value]) => isId(value) && recent.filter((one) => says(one, keyOf(value))).length === 1,
  );
  if (!named) return false;
  const rest = (fields: Fields) =>
    Object.entries(fields)
      .filter(([pointer]) => pointer !== named[0])
      .map(([pointer, value]) => `${pointer}=${keyOf(value)}`)
      .join();
  return own.filter(({ fields = {} }) => named[0] in fields && rest(fields) === rest(event.fields ?? {})).length > 1;
}

function isId(value: Scalar): boolean {
  return typeof value === 'number'
    ? value >= LEAST_ID
    : typeof value === 'object' && value !== null && value.length >= ID_LENGTH;
}

function says({ fields = {} }: Message, key: string): boolean {
  return Object.values(fields).some((value) => keyOf(value) === key);
}

/** Of the stretches of 5 s in which anything was said, those in which both sides spoke. */
function overlapOf(sent: readonly Message[], received: readonly Message[]): number {
  const from = Math.min(...[...sent, ...received].map(({ t }) => t));
  const stretches = (events: readonly Message[]) => new Set(events.map(({ t }) => Math.floor((t - from) / OVERLAP_MS)));
  const [up, down] = [stretches(sent), stretches(received)];
  const all = new Set([...up, ...down]);
  const both = [...all].filter((at) => up.has(at) && down.has(at)).length;
  return all.size === 0 ? 0 : Math.round((100 * both) / all.size) / 100;
}

function story(spoken: number): EventBodyAt[] {
  const message = (dir: 'up' | 'down', t: number) =>
    [
      t,
      {
        type: 'message',
        gate: 'client',
        conn: 1,
        dir,
        opcode: 'text',
        bytes: 30,
        hash: `${dir}${t}`,
        form: 'json',
        fields: { '/text': { hash: `${dir}${t}`, length: 12 } },
      },
    ] as const;
  return [
    [0, { type: 'connection', gate: 'client', conn: 1, what: 'start' }],
    message('up', 10),
    ...Array.from({ length: 40 }, (_, i) => message('down', 100 + i * 1000)),
    ...Array.from({ length: spoken }, (_, i) => message('up', 5000 + i * 5000)),
  ];
}
