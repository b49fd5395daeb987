import { subprotocolOf } from '../../harness/adapter.js';
import type { EventOf, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { isRefetch } from '../../harness/drivers/resume.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { type IdField, idsIn } from '../../harness/id-field.js';
import { cutAt } from '../../harness/ledger.js';

const NEEDS = 'needs --resume';
/** Below this the two sessions did not see the same stream (CHECKLIST rule 9). */
const SHARED = 0.9;

export default defineCheck({
  id: 'no-replay',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['server-streaming', 'bidirectional'],
  inProtocol: {
    grpc: {
      fix: 'Let the request name the last id (`after`); send the messages behind it, in order, and only then the live ones.',
    },
    sse: {
      fix: 'Keep the newest events by id; where a Last-Event-ID comes, send those behind it, in order, and only then the live ones.',
    },
  },
  level: 'MUST',
  antiPattern: 5,
  role: 'server',
  scenario: 'stream',
  title: 'MUST give a client that returns with its last id exactly the messages it missed, before the live ones',
  why: 'Every reconnection has a gap. Unless the server fills it, each deploy and each tunnel loses messages that nobody will notice.',
  fix: 'Keep the newest messages by id; on a resume send those after the id it names, in order, and only then the live ones.',
  source: 'CHECKLIST rule 9: measured against an undisturbed witness; one repeat of the very id presented is fine',
  measured: {
    missed: 'messages',
    replayed: 'messages',
    lost: 'messages',
    duplicated: 'messages',
    reordered: 'messages',
    boundary: 'messages',
  },
  expect: { minMissed: 10, refetchMs: 5000 },
  samples: 'missed',
  scaled: ['refetchMs'],
  needs: ['no-sequence-id'],
  unless: (target) => {
    if (target.delivery === 'latest') return 'delivery is declared `latest`: messages may be dropped';
    return target.resume === undefined && subprotocolOf(target)?.resumes === undefined ? NEEDS : undefined;
  },
  judge(history, { target, expect }) {
    if (target.resume?.in === 'none')
      return fail('the target declares that it cannot resume', { because: history.events.slice(0, 1) });
    const obstacle = history.of('obstacle').find(({ code }) => code === 'NO_STREAM' || code === 'NO_ID');
    if (obstacle?.code === 'NO_STREAM') return skipped(`${obstacle.text}; needs --subscribe`);
    if (obstacle) return inconclusive(obstacle.text, { because: [obstacle] });
    const presented = history.measures('presented')[0];
    if (!presented && target.resume === undefined)
      return skipped(`${NEEDS}: its subprotocol could resume, and this server does not offer it`);
    if (!presented || history.bites('reset').length === 0) return inconclusive('the session was never cut and resumed');
    const { pointer, by, group, key: lastId, others } = presented.facts;
    const field = { pointer: String(pointer), by: by === null ? undefined : String(by) };
    // Ids that are counted for each topic name a place in the one that the last id is of.
    const ids = (gate: string) => idsOf(history, gate, field).filter((id) => id.group === group);
    const cut = cutAt(history, 'cut') ?? 0;
    const back = history.of('session').find((event) => event.name === 'resumed' && event.what !== 'end');
    if (back?.what !== 'open') {
      return fail(`refused the client that came back with its last id${why(back)}`, {
        because: back ? [presented, back] : [presented],
      });
    }
    // Replayed messages may come in the same packet as the handshake's answer, before the session is told to be open.
    const returnedAt = history.phaseAt('recovery') ?? back.t;
    const stream = ids('witness');
    const old = new Set(
      ids('victim')
        .filter(({ event }) => event.t <= cut)
        .map(({ key }) => key),
    );
    const got = ids('victim').filter(({ event }) => event.t >= returnedAt);
    // Of the baseline only (CHECKLIST rule 9): what was under way, late, when the link was cut never came.
    const calmTo = history.phaseAt('fault', 'latency') ?? cut;
    const baseline = stream.filter(({ event }) => event.t <= calmTo);
    const shared = baseline.filter(({ key }) => old.has(key)).length;
    if (baseline.length === 0 || shared < SHARED * baseline.length) {
      return inconclusive(`the witness and the victim shared only ${shared} of ${baseline.length} ids before the cut`);
    }
    const from = stream.findIndex(({ key }) => key === lastId) + 1;
    const order = new Map(stream.map(({ key }, index) => [key, index]));
    // What had not yet come to the victim when watching stopped is not lost.
    const reached = Math.max(-1, ...got.map(({ key }) => order.get(key) ?? -1));
    const missed = stream.slice(from).filter(({ event }) => event.t < returnedAt);
    if (missed.length < (expect.minMissed ?? 10))
      return inconclusive(`the witness saw only ${missed.length} messages meanwhile`);
    if (missed.every(({ event }) => event.atMostOnce))
      return skipped('the messages are published at QoS 0, which the protocol delivers at most once');
    // A snapshot holds what the client had as well, and must come soon (CHECKLIST rule 9).
    const refetch = isRefetch(target.resume);
    const soon = refetch ? returnedAt + (expect.refetchMs ?? 5000) : Number.POSITIVE_INFINITY;
    const due = new Set(missed.map(({ key }) => key));
    const received = new Set(got.filter(({ key, event }) => !due.has(key) || event.t <= soon).map(({ key }) => key));
    const lost = stream
      .slice(from, Math.max(reached + 1, from + missed.length))
      .filter(({ key }) => !received.has(key));
    const boundary = got.filter(({ key }) => key === lastId).length;
    const isAgain = ({ key }: (typeof got)[number], index: number) =>
      key !== lastId && ((!refetch && old.has(key)) || got.findIndex((other) => other.key === key) < index);
    const again = got.filter((one, index) => isAgain(one, index) && !one.event.repeat);
    const positions = got
      .filter((one, index) => !isAgain(one, index))
      .map(({ key }) => order.get(key) ?? -1)
      .filter((at) => at >= (refetch ? from : 0));
    const reordered = positions.filter((at, index) => index > 0 && at < (positions[index - 1] ?? 0)).length;
    const duplicated = again.length + (refetch ? 0 : Math.max(0, boundary - 1));
    const replayed = missed.filter(({ key }) => received.has(key)).length;
    const measured = { missed: missed.length, replayed, lost: lost.length, duplicated, reordered, boundary };
    const because = [
      presented,
      back,
      ...lost.slice(0, 2).map(({ event }) => event),
      ...again.slice(0, 2).map(({ event }) => event),
    ];
    if (replayed === 0 && target.sequence === undefined && others)
      return inconclusive(
        `none came again after ${field.pointer} was presented, but ${others} may be the id as well: name it with --sequence`,
        { measured, because },
      );
    if (replayed === 0) return fail(`replayed none of the ${missed.length} messages missed`, { measured, because });
    if (lost.length > 0 || duplicated > 0 || reordered > 0) {
      return fail(
        `of ${missed.length} missed: ${lost.length} lost, ${duplicated} duplicated, ${reordered} out of order`,
        { measured, because },
      );
    }
    if (refetch)
      return pass(`a snapshot with all ${missed.length} missed messages`, { measured, because: [presented, back] });
    return pass(
      `all ${missed.length} missed messages, once and in order${boundary > 0 ? ', after a repeat of the last one' : ''}`,
      { measured, because: [presented, back] },
    );
  },
  examples: {
    pass: story((n) => n >= 24),
    fail: story((n) => n >= 45),
  },
});

/** A gRPC server names its status in words. */
function why(refused: EventOf<'session'> | undefined): string {
  const [, code] = /^([A-Z_]+)(?::|$)/.exec(refused?.reason ?? '') ?? [];
  if (code) return ` (${code})`;
  return refused?.status === undefined ? '' : ` (HTTP ${refused.status})`;
}

/** Over TLS the messages of a session are told by its name, and not by that of the gate that it came through. */
function sessionOf(gate: string): string {
  return gate === 'resumed' ? 'victim' : gate;
}

function idsOf(history: HistoryView, gate: string, field: IdField) {
  return history
    .of('message')
    .filter((event) => sessionOf(event.gate) === gate && event.dir === 'down' && event.packet === undefined)
    .flatMap((event) => idsIn(event.fields, field).map(({ key, group }) => ({ key, group, event })));
}

/** The witness sees 0..59; the victim is cut after 24 and comes back at 4500 to those that `replayed` says. */
function story(replayed: (n: number) => boolean) {
  const message = (gate: string, n: number) =>
    ({
      type: 'message',
      gate,
      conn: 1,
      dir: 'down',
      opcode: 'text',
      bytes: 9,
      hash: `m${n}`,
      form: 'json',
      fields: { '/seq': n },
    }) as const;
  const seen = Array.from({ length: 60 }, (_, n) => [n * 100, message('witness', n)] as const);
  const early = Array.from({ length: 24 }, (_, n) => [n * 100, message('victim', n)] as const);
  const late = Array.from({ length: 60 }, (_, n) => n)
    .filter((n) => n >= 24 && replayed(n))
    .map((n) => [Math.max(4500, n * 100), message('victim', n)] as const);
  return [
    ...seen,
    ...early,
    [2350, { type: 'phase', phase: 'fault', label: 'cut' }] as const,
    [2350, { type: 'fault', fault: 'reset', what: 'bite', who: 'r', facts: {} }] as const,
    [
      2360,
      { type: 'measure', name: 'presented', facts: { pointer: '/seq', by: null, group: '', key: '23', others: '' } },
    ] as const,
    [4390, { type: 'phase', phase: 'recovery' }] as const,
    [4400, { type: 'session', name: 'resumed', what: 'open' }] as const,
    ...late,
  ].sort((a, b) => a[0] - b[0]);
}
