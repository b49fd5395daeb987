import type { EventBodyAt, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { isRefetch } from '../../harness/drivers/resume.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { type IdField, idsIn } from '../../harness/id-field.js';
import { answerTo } from './answer-to-cursor.js';

/** Sessions that came back with an id that the server had just given, and their gates. */
const GOOD = [
  ['resumed', 'victim'],
  ['recent', 'recent'],
] as const;

export default defineCheck({
  id: 'silent-gap',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['server-streaming', 'bidirectional'],
  inProtocol: {
    grpc: {
      fix: 'Where the id is not among those kept, end the call with OUT_OF_RANGE, or say so in the first message, and let the client fetch the present state.',
      source:
        'CHECKLIST: an explicit signal, never silently "from now"; statuscodes.md: “OUT_OF_RANGE: The operation was attempted past the valid range”',
    },
    sse: {
      fix: 'Where Last-Event-ID is not among the ids kept, send an event that says so first, or refuse, and let the client fetch the present state.',
      source:
        'CHECKLIST: an explicit signal, never silently "from now"; a Last-Event-ID in the head of the answer is one (draft-dunglas-mercure, "Reconciliation": "The value of the Last-Event-ID response header MUST be the id of the event preceding the first one sent to the subscriber")',
    },
  },
  level: 'MUST',
  antiPattern: 5,
  role: 'server',
  scenario: 'stream',
  title: 'MUST tell a client whose id it does not know, or no longer keeps, that messages are missing',
  why: 'A client that comes back after a restart, or after too long, presents an id that means nothing any more. Served "from now", it shows what it has as if it were everything.',
  fix: 'Where the id is not found among those kept, say so first (a reset event, an error, a close code) and let the client fetch the present state.',
  source:
    'CHECKLIST: an explicit signal, never silently "from now"; who replays everything from the beginning leaves no gap where that is the whole',
  measured: { signal: 'status, close code or JSON pointer' },
  expect: {},
  needs: ['no-sequence-id'],
  unless: (target) => {
    if (target.delivery === 'latest') return 'delivery is declared `latest`: messages may be dropped';
    if (target.resume === undefined) return 'needs --resume';
    if (isRefetch(target.resume)) return 'a snapshot is fetched again (--resume without {id}): there is no id to know';
    return target.resume.in === 'none'
      ? 'follows from no-replay: the target declares that it cannot resume'
      : undefined;
  },
  judge(history) {
    const obstacle = history.of('obstacle').find(({ code }) => code === 'NO_STREAM' || code === 'NO_ID');
    if (obstacle?.code === 'NO_STREAM') return skipped(`${obstacle.text}; needs --subscribe`);
    if (obstacle) return inconclusive(obstacle.text, { because: [obstacle] });
    const presented = history.measures('presented')[0];
    if (!presented) return inconclusive('no id was presented');
    const { pointer, by, group, key } = presented.facts;
    const field = { pointer: String(pointer), by: by === null ? undefined : String(by) };
    const ids = (gate: string) => idsTo(history, gate, field, group);
    const replayed = GOOD.filter(([name, gate]) => {
      const cursor =
        name === 'resumed' ? key : history.measures('cursor').find(({ facts }) => facts.name === name)?.facts.key;
      const at = history.of('session').find((event) => event.name === name)?.t ?? 0;
      const { due, lost } = missing(ids('witness'), ids(gate), cursor, at);
      return lost < due;
    });
    if (replayed.length === 0) return skipped('follows from no-replay: it does not replay after a good id either');
    const good = replayed.map(([, gate]) => gate);
    const findings = ['unknown', 'oldest'].map((name) => {
      const cursor = history.measures('cursor').find(({ facts }) => facts.name === name);
      const openedAt = history.of('session').find((event) => event.name === name)?.t;
      if (!cursor || openedAt === undefined) return inconclusive('an unknown id was never presented');
      const answer = answerTo(history, { name, good, known: ['witness'], field });
      const because = [cursor, ...answer.because];
      if (answer.signal !== undefined)
        return pass(`answered with ${answer.signal}`, { measured: { signal: answer.signal }, because });
      const { due, lost } = missing(ids('witness'), ids(name), cursor.facts.key, openedAt);
      if (lost === 0) {
        const signal = name === 'unknown' ? 'replays everything' : null;
        return pass(`all ${due} messages came`, { measured: { signal }, because, confidence: 'medium' });
      }
      const which = name === 'unknown' ? 'an id that it never gave' : 'the oldest id that was seen';
      if (answer.unclear !== undefined) return inconclusive(`${which}: ${answer.unclear}`, { because });
      const measured = { signal: null };
      return fail(`after ${which} ${lost} of ${due} messages do not come, and nothing says so`, { measured, because });
    });
    const worst = ['fail', 'inconclusive'].map((bad) => findings.find(({ outcome }) => outcome === bad));
    const [unknown = inconclusive('no id was presented'), oldest] = findings;
    const both = `an id that it never gave: ${unknown.actual}; the oldest seen: ${oldest?.actual}`;
    return worst.find((finding) => finding !== undefined) ?? { ...unknown, actual: both };
  },
  examples: { pass: story(true), fail: story(false) },
});

function idsTo(history: HistoryView, gate: string, field: IdField, group: unknown) {
  return (
    history
      .of('message')
      // Over TLS the messages of a session are told by its name.
      .filter((event) => (event.gate === 'resumed' ? 'victim' : event.gate) === gate && event.dir === 'down')
      .flatMap((event) => idsIn(event.fields, field).map((id) => ({ key: id.key, group: id.group, t: event.t })))
      .filter((id) => id.group === group)
  );
}

interface Seen {
  readonly key: string;
  readonly t: number;
}

/** Of the witness's messages after the id `key` (all, where it had none such) up to `atMs`: how many never came. */
function missing(witness: readonly Seen[], got: readonly Seen[], key: unknown, atMs: number) {
  const due = witness.slice(witness.findIndex((id) => id.key === key) + 1).filter(({ t }) => t < atMs);
  const keys = new Set(got.map((id) => id.key));
  return { due: due.length, lost: due.filter((id) => !keys.has(id.key)).length };
}

/** The witness sees 0..99; who comes back with 23, then with 50, gets the rest; then an unknown id and the oldest. */
function story(says: boolean): EventBodyAt[] {
  const told = { opcode: 'text', bytes: 9, form: 'json', dir: 'down' } as const;
  const message = (gate: string, conn: number, n: number) =>
    ({ type: 'message', gate, conn, ...told, hash: `m${n}`, fields: { '/seq': n } }) as const;
  const all = Array.from({ length: 100 }, (_, n) => n);
  const comes = (name: string, conn: number, atMs: number, key: string, after: number): EventBodyAt[] => [
    [atMs, { type: 'measure', name: 'cursor', facts: { name, key, group: '' } }],
    [atMs, { type: 'session', name, what: 'open' }],
    ...all.filter((n) => n > after).map((n) => [Math.max(atMs + 1, n * 100), message(name, conn, n)] as const),
  ];
  const reset = { type: 'message', gate: 'unknown', conn: 1, ...told, hash: 'reset', fields: { '/event': 1 } } as const;
  return [
    ...all.map((n) => [n * 100, message('witness', 1, n)] as const),
    ...all.filter((n) => n < 24).map((n) => [n * 100, message('victim', 1, n)] as const),
    ...comes('victim', 2, 5000, '23', 23),
    [5000, { type: 'session', name: 'resumed', what: 'open' }] as const,
    ...comes('recent', 1, 7000, '50', 50),
    ...comes('unknown', 1, 8000, '', 80),
    ...comes('oldest', 1, 9000, '0', 0),
    ...(says ? [[8000, reset] as const] : []),
    [2360, { type: 'measure', name: 'presented', facts: { pointer: '/seq', by: null, group: '', key: '23' } }] as const,
    [4390, { type: 'phase', phase: 'recovery' }] as const,
  ].toSorted((a, b) => a[0] - b[0]);
}
