import type { EventBodyAt, EventOf, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inKiB } from '../../harness/numbers.js';

const KIB = 1024;
const ENOUGH = 10;
/** What takes long by itself on such a link, and what does not. */
const BIG_BYTES = 64 * KIB;
const SMALL_BYTES = 16 * KIB;

type Message = EventOf<'message'>;

export default defineCheck({
  id: 'giant-message',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['server-streaming', 'bidirectional'],
  level: 'SHOULD',
  antiPattern: 7,
  role: 'server',
  scenario: 'narrow',
  title: 'SHOULD send no message above 256 KiB, so that no small one waits for more than 1 s behind a big one',
  why: 'A message is sent whole. On a phone behind 4 Mbit/s one of 2 MB keeps everything behind it, heartbeats included, for four seconds.',
  fix: 'Send large states in pieces, or as a URL to fetch; send differences instead of snapshots.',
  source:
    'CHECKLIST: 256 KiB take half a second at 4 Mbit/s; judged where the traffic takes less than half of such a link',
  measured: { largestBytes: 'bytes', holdUpMs: 'milliseconds' },
  expect: { maxBytes: 256 * KIB, maxHoldUpMs: 1000 },
  decidedBy: [
    ['largestBytes', 'maxBytes'],
    ['holdUpMs', 'maxHoldUpMs'],
  ],
  judge(history, { expect }) {
    const limit = expect.maxBytes ?? 256 * KIB;
    const from = messagesOf(history, 'narrow-far');
    const largest = from.reduce<Message | undefined>(
      (best, one) => (best && best.bytes >= one.bytes ? best : one),
      undefined,
    );
    if (!largest) return skipped('the server sends nothing to a client that only listens; needs --subscribe');
    const arrived = messagesOf(history, 'narrow');
    const waits = holdUps(from, arrived);
    const rate = history.measures('rate')[0];
    const isLoaded = history.bites('bandwidth').length > 0;
    const worst = waits.reduce<(typeof waits)[number] | undefined>(
      (best, one) => (best && best.ms >= one.ms ? best : one),
      undefined,
    );
    const holdUpMs = isLoaded ? Math.round(worst?.ms ?? 0) : null;
    const measured = { largestBytes: largest.bytes, holdUpMs };
    if (largest.bytes > limit) {
      return fail(
        `a message of ${inKiB(largest.bytes)}${holdUpMs ? `; small ones waited for up to ${holdUpMs} ms behind such` : ''}`,
        { measured, because: [largest] },
      );
    }
    if (worst && worst.ms > (expect.maxHoldUpMs ?? 1000)) {
      return fail(`a small message waited for ${holdUpMs} ms behind big ones`, {
        measured,
        because: [worst.behind, worst.event],
      });
    }
    if (history.measures('workload')[0]?.facts.push === false)
      return skipped('the server sends no messages of its own to a client that only listens; needs --subscribe', {
        measured,
      });
    if (from.length < ENOUGH)
      return inconclusive(`only ${from.length} messages came, ${ENOUGH} are needed`, { measured });
    const largestSaid = `the largest of ${from.length} messages has ${inKiB(largest.bytes)}`;
    if (rate?.facts.fits === false)
      return pass(`${largestSaid}; its traffic takes more than half of a 4 Mbit/s link, so none was tried`, {
        measured,
        because: [largest, rate],
      });
    if (!isLoaded) return inconclusive('the link was not seen to be narrow', { measured });
    const [last] = arrived.slice(-1);
    if (!last || arrived.length < ENOUGH)
      return inconclusive(`only ${arrived.length} messages were seen to arrive behind the narrow link`, { measured });
    return pass(`${largestSaid}; small ones waited for ${holdUpMs} ms at most`, { measured, because: [largest, last] });
  },
  examples: { pass: story(100 * KIB), fail: story(600 * KIB) },
});

/** A block that holds no event is told by the packet it ends in, which the link may change. */
function messagesOf(history: HistoryView, gate: string): Message[] {
  return history
    .of('message')
    .filter(
      (event) =>
        event.gate === gate &&
        event.dir === 'down' &&
        !(event.form === 'empty' && event.packet !== undefined) &&
        (event.opcode === 'text' || event.opcode === 'binary'),
    );
}

/** TCP keeps order: the n-th message of a connection behind the link is the n-th before it. */
function holdUps(far: readonly Message[], near: readonly Message[]) {
  const byConnection = (events: readonly Message[]) =>
    [...new Set(events.map(({ conn }) => conn))].map((conn) => events.filter((event) => event.conn === conn));
  const arrived = byConnection(near);
  return byConnection(far).flatMap((sent, i) => {
    const got = arrived[i] ?? [];
    return sent.flatMap((event, n) => {
      const arrival = got[n];
      // Still on its way when it was sent: what it had to wait for.
      const behind = sent
        .slice(0, n)
        .findLast((one, at) => one.bytes >= BIG_BYTES && (got[at]?.t ?? Number.POSITIVE_INFINITY) > event.t);
      if (!arrival || !behind || event.bytes > SMALL_BYTES) return [];
      return [{ event, behind, ms: arrival.t - event.t }];
    });
  });
}

/** A big message every 5 s, a small one right behind it, at 500 KB/s. */
function story(bytes: number): EventBodyAt[] {
  const message = (gate: string, t: number, size: number, hash: string) =>
    [t, { type: 'message', gate, conn: 1, dir: 'down', opcode: 'text', bytes: size, hash }] as const;
  return [
    [0, { type: 'measure', name: 'rate', facts: { bytesPerS: bytes / 5, linkBytesPerS: 500_000, fits: true } }],
    [1, { type: 'fault', fault: 'bandwidth', what: 'bite', who: 'bandwidth', facts: {} }],
    ...Array.from({ length: 6 }, (_, i) => i * 5000 + 10).flatMap((t) => [
      message('narrow-far', t, bytes, `big${t}`),
      message('narrow-far', t + 1, 50, `small${t}`),
      message('narrow', t + bytes / 500, bytes, `big${t}`),
      message('narrow', t + bytes / 500 + 1, 50, `small${t}`),
    ]),
  ];
}
