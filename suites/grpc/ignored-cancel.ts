import type { EventBodyAt, EventOf, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

// CHECKLIST rule 19: the wire tells of DATA; that the handler itself goes on is told by work that grows with each thousand that was
// cancelled, on connections that stay, so that nothing but the cancellation can have ended it.
export default defineCheck({
  id: 'grpc/ignored-cancel',
  level: 'MUST',
  antiPattern: null,
  role: 'server',
  scenario: 'cancelled',
  title: 'MUST stop working for a call that its client has cancelled: no data 1 s later, and no handler that goes on',
  why: 'Clients cancel whenever a user leaves a page or a faster answer came. What goes on for each adds up on the connections that stay, until the server works for nobody else.',
  fix: "Let the handler end with its call (Go: select on stream.Context().Done() and return at the first error of Send; Java: isCancelled, setOnCancelHandler; Python: context.is_active() or add_callback; Node: call.on('cancelled')).",
  source:
    'gRPC guide "Cancellation": "it is the responsibility of the server application to cancel any ongoing computation"; RFC 9113, 5.4.2: after RST_STREAM "the endpoint that sends it must be prepared to receive frames that were sent or enqueued"',
  measured: {
    dataAfterMs: 'ms',
    messagesAfter: 'messages',
    cancelled: 'calls',
    workMsPerS: 'ms of a core each second',
  },
  expect: { maxDataMs: 1000, maxWorkMsPerS: 3, minCancelled: 900 },
  samples: 'cancelled',
  decidedBy: [
    ['dataAfterMs', 'maxDataMs'],
    ['workMsPerS', 'maxWorkMsPerS'],
  ],
  streams: 'any',
  patterns: ['server-streaming', 'bidirectional'],
  judge(history, { expect }) {
    const { maxDataMs = 1000, maxWorkMsPerS = 3, minCancelled = 900 } = expect;
    const wire = history.measures('cancelled')[0];
    const bite = history.bites('cancel')[0];
    if (!wire || !bite) return inconclusive('no call could be cancelled: each had ended before');
    // What came while the harness stood still is seen late.
    const stallMs = Math.max(0, ...history.of('loop').flatMap(({ t, maxMs }) => (t >= bite.t ? [maxMs] : [])));
    const late = lateMessages(history, String(wire.facts.streams), maxDataMs + stallMs);
    const rounds = history.measures('work');
    const works = rounds.flatMap(({ facts }) => (typeof facts.workMs === 'number' ? [facts.workMs] : []));
    const cancelled = rounds.reduce((sum, { facts }) => sum + Number(facts.cancelled), 0);
    const measured = {
      dataAfterMs: late.length > 0 ? Math.round(Math.max(...late.map(({ t }) => t)) - bite.t) : null,
      messagesAfter: late.length,
      cancelled: Number(wire.facts.calls) + cancelled,
      workMsPerS: works,
    };
    const details = { measured, because: [bite, wire, ...late.slice(0, 3), ...rounds] };
    if (late.length > 0)
      return fail(`still sent messages of cancelled calls ${inWords(measured.dataAfterMs ?? 0)} later`, details);
    if (rounds.some(({ facts }) => facts.alive === false))
      return fail('the server died when calls were cancelled', details);
    const [first = 0, second = 0, third = 0] = works;
    const steps = [second - first, third - second];
    const told = `its work went from ${works.join(' ms to ')} ms a second, with nobody there`;
    if (works.length >= 3 && steps.every((step) => step > maxWorkMsPerS))
      return fail(`handlers go on for calls that were cancelled: ${told}`, details);
    if (wire.facts.received === 0)
      return skipped('needs --method of a stream that sends of itself: nothing came before the calls were cancelled', {
        measured,
      });
    const enough = rounds
      .slice(1)
      .every(({ facts }) => Number(facts.cancelled) >= minCancelled && Number(facts.held) > 0.9);
    if (works.length < 2 || !enough)
      return pass('sent nothing more of the calls that were cancelled; whether a handler goes on could not be seen', {
        ...details,
        confidence: 'medium',
      });
    return pass(`sent nothing more of cancelled calls; ${told}`, details);
  },
  examples: { pass: story(2.1, 2.4), fail: story(2.1, 14, 27) },
});

/** What came of these streams later than that after RST_STREAM. */
function lateMessages(history: HistoryView, streams: string, afterMs: number): EventOf<'message'>[] {
  const ids = new Set(streams.split(',').map(Number));
  const resets = history
    .of('frame')
    .filter(
      ({ frame, dir, gate, stream }) =>
        frame === 'RST_STREAM' && dir === 'up' && gate === 'cancelled' && ids.has(stream),
    );
  return resets.flatMap((reset) =>
    history
      .of('message')
      .filter(({ dir, gate, opcode }) => dir === 'down' && gate === 'cancelled' && opcode === 'binary')
      .filter(({ stream, t }) => stream === reset.stream && t > reset.t + afterMs),
  );
}

/** A few calls cancelled on the wire, then a round of a thousand for each further value of the work. */
function story(...works: readonly number[]): EventBodyAt[] {
  const wire = { streams: '3,5', calls: 2, ended: 0, received: 9, beside: 12, connected: true };
  return [
    [2000, { type: 'fault', fault: 'cancel', what: 'bite', who: 'cancel-1', facts: { cancelled: 2 } }],
    [5000, { type: 'measure', name: 'cancelled', facts: wire }],
    ...works.map((workMs, round): EventBodyAt => {
      const facts = { round, cancelled: round === 0 ? 0 : 1000, held: round === 0 ? 0 : 1, workMs, alive: true };
      return [9000 * (round + 1), { type: 'measure', name: 'work', facts }];
    }),
  ];
}
