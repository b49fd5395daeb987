import { subprotocolOf } from '../../harness/adapter.js';
import { fetchedByOther } from '../../harness/called-method.js';
import type { EventOf, HistoryView, Scalar, Target } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fieldOfSlot, isRefetch } from '../../harness/drivers/resume.js';
import { fail, follows, inconclusive, pass, skipped } from '../../harness/finding.js';
import { ENVELOPE_ID, idsIn, keyOf } from '../../harness/id-field.js';
import { cutAt, data, findStream, isLeftOut, LEFT_OUT, noIdFound } from '../../harness/ledger.js';
import { inWords } from '../../harness/numbers.js';

const SHARED = 0.9;
/** A client reads in chunks of its own: what it presents may lie this many messages behind what its gate saw. */
const BEHIND = 20;

export default defineCheck({
  id: 'no-resume',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['server-streaming', 'bidirectional'],
  inProtocol: {
    grpc: {
      why: 'A call that is made again without a cursor starts "from now": what was sent meanwhile is lost. A channel connects again by itself; it never repeats a stream whose answer had begun.',
      fix: 'Keep the id of the last message handled, name it in the request of the next call (a field, or metadata), and drop repeats by id.',
      source:
        'CHECKLIST rules 9 and 10; gRFC A6: an RPC is committed, and is not retried, once “The client receives Response-Headers”',
    },
    sse: {
      fix: 'Leave it to an EventSource, or send the id of the last event that was handled as Last-Event-ID yourself, and drop repeats by id.',
      source:
        'CHECKLIST rules 9 and 10; WHATWG HTML 9.2.3: “If the EventSource object’s last event ID string is not the empty string, then … Set (`Last-Event-ID`, lastEventIDValue) in request’s header list.”',
    },
  },
  level: 'MUST',
  antiPattern: 5,
  role: 'client',
  scenario: 'resume',
  title: 'MUST present its last id when it comes back, and end up with exactly the messages it missed',
  why: 'A reconnection without a cursor starts "from now": what was sent meanwhile is lost, and nothing on the screen says so.',
  fix: 'Keep the id of the last message handled, send it with the reconnection (query, header or first message), and drop repeats by id.',
  source: 'CHECKLIST rules 9 and 10: against an undisturbed witness; one repeat of the very id presented is fine',
  measured: {
    missed: 'messages',
    lost: 'messages',
    duplicated: 'messages',
    reordered: 'messages',
    kind: 'resume | refetch | none',
    presented: 'where',
  },
  expect: { minMissed: 10, refetchMs: 5000 },
  samples: 'missed',
  scaled: ['refetchMs'],
  unless: (target) => {
    if (target.delivery === 'latest') return 'delivery is declared `latest`: messages may be dropped';
    if (isRefetch(target.resume) && !target.server)
      return 'needs --server: our reference server has no snapshot to fetch';
    const named = target.sequence !== undefined || target.resume !== undefined || hasOwnWay(target);
    return target.server || named
      ? undefined
      : 'needs --server, or --sequence or --resume: nothing says what this client resumes from';
  },
  judge(history, { target, expect }) {
    const baseline = history.of('obstacle').find(({ code }) => code === 'BASELINE');
    if (baseline) return inconclusive(baseline.text, { because: [baseline] });
    const cut = cutAt(history, 'cut');
    const reopened = history.phaseAt('recovery');
    const back = history.measures('back')[0];
    if (cut === undefined || reopened === undefined || !back) return inconclusive('the client was never cut');
    if (history.bites('reset').length === 0)
      return inconclusive('the cut is not proven: no control peer saw the reset');
    if (back.facts.returned !== true) return follows('no-reconnect', 'it did not come back');
    const down = (gate: string) =>
      data(history, gate).filter(({ form, fields }) => form === 'json' || fields?.[ENVELOPE_ID] !== undefined);
    const before = down('victim').filter(({ t }) => t <= cut);
    const witnessed = down('witness');
    const calmTo = history.phaseAt('fault', 'latency') ?? cut;
    const calm = (events: readonly EventOf<'message'>[]) => events.filter(({ t }) => t <= calmTo);
    // By the witness: between the stream's messages the client may get answers to its own.
    const { field, kind } = findStream(history, calm(witnessed), calm(before), {
      declared: target.sequence,
      resume: target.resume,
    });
    if (field === undefined) {
      return inconclusive(isLeftOut(calm(witnessed), calm(before)) ? LEFT_OUT : noIdFound(kind));
    }
    const keyed = (events: readonly EventOf<'message'>[]) =>
      events.flatMap((event) => idsIn(event.fields, field).map(({ key, scalar }) => ({ key, scalar, event })));
    const stream = keyed(witnessed);
    const had = keyed(before);
    const order = new Map(stream.map(({ key }, index) => [key, index]));
    // Of the baseline only (CHECKLIST rule 9): what was under way, late, when the link was cut never came.
    const calmFrom = history.phaseAt('baseline') ?? 0;
    const shared = stream.filter(({ event }) => event.t >= calmFrom && event.t <= calmTo);
    const known = new Set(had.map(({ key }) => key));
    if (shared.filter(({ key }) => known.has(key)).length < SHARED * shared.length)
      return inconclusive('the witness and the client did not see the same stream before the cut');
    const last = had.at(-1);
    if (!last) return inconclusive('no message with an id came before the cut');
    const got = keyed(down('victim').filter(({ t }) => t >= reopened));
    const recent = had.slice(-BEHIND);
    const cursor = presented(
      history,
      reopened,
      new Map([
        ...recent.flatMap(({ key, scalar }) =>
          (scalar === undefined ? [key] : keysOf(scalar)).map((name) => [name, key] as const),
        ),
        ...places(recent),
      ]),
    );
    const from = (order.get(cursor?.key ?? last.key) ?? -1) + 1;
    // Who keeps a cursor for each topic had some of the others' messages after the one it names.
    const missed = stream
      .slice(from)
      .filter(({ key, event }) => event.t < reopened && !(field.by !== undefined && known.has(key)));
    if (missed.length < (expect.minMissed ?? 10)) return inconclusive(`only ${missed.length} messages were missed`);
    if (missed.every(({ event }) => event.atMostOnce))
      return skipped('the messages are published at QoS 0, which the protocol delivers at most once');
    const received = new Set(got.map(({ key }) => key));
    const lost = missed.filter(({ key }) => !received.has(key)).length;
    const base = cursor?.key ?? last.key;
    // Who goes on to a next call lets go of what was still on its way, and asks for it again there.
    const [first] = got;
    const answer = got.filter(({ event }) => first && isSameCall(event, first.event));
    const repeats = answer.filter(
      ({ key, event }, i) =>
        key !== base &&
        !event.repeat &&
        ((order.get(key) ?? from) < from || answer.findIndex((other) => other.key === key) < i),
    ).length;
    const positions = answer
      .filter(({ key, event }, i) => !event.repeat || answer.findIndex((other) => other.key === key) === i)
      .map(({ key }) => order.get(key) ?? -1)
      .filter((at) => at >= from);
    const reordered = positions.filter((at, i) => i > 0 && at < (positions[i - 1] ?? 0)).length;
    const measured = {
      missed: missed.length,
      lost,
      duplicated: repeats,
      reordered,
      kind: cursor ? 'resume' : 'none',
      presented: cursor?.where ?? null,
    };
    const because = [back, ...(cursor ? [cursor.event] : []), ...missed.slice(0, 1).map(({ event }) => event)];
    // Rule 9: to fetch them again is fine, and what such an answer holds is not decoded; nor is Socket.IO's long polling.
    const fetched =
      fetchedByOther(history, reopened) ??
      history
        .of('handshake')
        .find(
          ({ gate, dir, t, stream, status = 0, opens }) =>
            gate === 'victim' &&
            dir === 'down' &&
            stream === undefined &&
            t >= reopened &&
            status >= 200 &&
            status < 300 &&
            opens !== true,
        );
    if (lost > 0 && fetched)
      return inconclusive('it asked for something else on its way back, which may have held what it missed', {
        measured,
        because: [...because, fetched],
      });
    if (!cursor && lost > 0)
      return fail(`came back without its last id and lost ${lost} of ${missed.length} messages`, { measured, because });
    if (lost > 0) {
      const there = target.resume !== undefined && cursor?.field === (fieldOfSlot(target.resume) ?? cursor?.field);
      const declared = target.server !== undefined || there || hasOwnWay(target);
      return declared
        ? fail(`presented its last id, and still lost ${lost} of ${missed.length} messages`, { measured, because })
        : inconclusive(
            'presents its last id, but how the server should read it is not declared: name it with --resume',
            { measured, because },
          );
    }
    // Rule 9: a snapshot holds what the client had as well.
    const soon = back.t + (expect.refetchMs ?? 5000);
    const fetchedAgain = missed.every(({ key }) => got.some((one) => one.key === key && one.event.t <= soon));
    if (!cursor && isRefetch(target.resume)) {
      const seen = { measured: { ...measured, kind: 'refetch' }, because };
      return fetchedAgain
        ? pass(`fetched again all ${missed.length} messages that it missed`, seen)
        : fail(`fetched again what it missed, but not within ${inWords(expect.refetchMs ?? 5000)} of its return`, seen);
    }
    if (!cursor && repeats > 0)
      return inconclusive(
        `got what it missed, and ${repeats} messages that it had: fine where it fetches a snapshot (declared by --resume without {id})`,
        { measured, because },
      );
    if (repeats > 0 || reordered > 0)
      return fail(`${repeats} messages again, ${reordered} out of order`, { measured, because });
    return pass(
      `presented its last id (${cursor?.where ?? 'as the server remembers it'}) and got all ${missed.length} missed messages`,
      { measured, because },
    );
  },
  examples: { pass: story(true), fail: story(false) },
});

/** Its subprotocol says how a client comes back, and our reference server knows that. */
/** Of gRPC; elsewhere a connection is one. */
function isSameCall(one: EventOf<'message'>, other: EventOf<'message'>): boolean {
  return one.conn === other.conn && one.stream === other.stream;
}

function hasOwnWay(target: Target): boolean {
  return subprotocolOf(target)?.resumes !== undefined;
}

/** Where the subprotocol has a cursor of its own: which message it stands for. */
function places(recent: readonly { key: string; event: EventOf<'message'> }[]): (readonly [string, string])[] {
  return recent.flatMap(({ key, event }) => (event.cursor === undefined ? [] : [[keyOf(event.cursor), key] as const]));
}

/** Where on its way back the client named one of its last ids. */
function presented(history: HistoryView, reopened: number, recent: ReadonlyMap<string, string>) {
  const events = [...history.of('handshake'), ...history.of('message')]
    .filter((event) => event.gate === 'victim' && event.dir === 'up' && event.t >= reopened)
    .sort((a, b) => a.t - b.t);
  for (const event of events) {
    const own =
      event.type === 'message' && event.cursor !== undefined ? { "as its protocol's cursor": event.cursor } : {};
    for (const [name, value] of Object.entries({ ...own, ...event.fields })) {
      const key = keysOf(value)
        .map((one) => recent.get(one))
        .find((one) => one !== undefined);
      if (key !== undefined)
        return { key, field: name, where: `${event.type === 'handshake' ? 'handshake' : 'message'} ${name}`, event };
    }
  }
  return undefined;
}

/** In a query every value is text: a number is itself under both forms. */
function keysOf(value: Scalar): string[] {
  const inText = typeof value === 'object' && value !== null ? value.number : undefined;
  return inText === undefined ? [keyOf(value)] : [keyOf(value), keyOf(inText)];
}

function story(resumes: boolean) {
  const message = (gate: string, conn: number, n: number) =>
    ({
      type: 'message',
      gate,
      conn,
      dir: 'down',
      opcode: 'text',
      bytes: 9,
      hash: `m${n}`,
      form: 'json',
      fields: { '/seq': n },
    }) as const;
  const all = Array.from({ length: 60 }, (_, n) => n);
  return [
    ...all.map((n) => [n * 100, message('witness', 1, n)] as const),
    ...all.filter((n) => n < 24).map((n) => [n * 100 + 1, message('victim', 1, n)] as const),
    ...all
      .filter((n) => n >= (resumes ? 24 : 50))
      .map((n) => [Math.max(5010, n * 100 + 1), message('victim', 2, n)] as const),
    [2350, { type: 'phase', phase: 'fault', label: 'cut' }] as const,
    [2350, { type: 'fault', fault: 'reset', what: 'bite', who: 'r', facts: {} }] as const,
    [5000, { type: 'phase', phase: 'recovery' }] as const,
    ...(resumes
      ? [[5005, { type: 'handshake', gate: 'victim', conn: 2, dir: 'up', fields: { '?last': 23 } }] as const]
      : []),
    [5006, { type: 'measure', name: 'back', facts: { returned: true, conn: 2 } }] as const,
  ].sort((a, b) => a[0] - b[0]);
}
