import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

// CHECKLIST rule 19: the peer is HTTP/2 alone, with no timer of a gRPC library that would end the call in the server's place. A call
// beside these, without a deadline, tells whether the method lasts at all.
export default defineCheck({
  id: 'grpc/ignored-deadline',
  level: 'MUST',
  antiPattern: null,
  role: 'server',
  scenario: 'deadlines',
  title: 'MUST end a call within 1 s after the deadline that its client has set',
  why: 'Nobody waits for the answer any more: what goes on behind the deadline takes the time, memory and connections of those who still wait, and under overload that is what is left of the server.',
  fix: "Hand the call's context on to all that works for it and stop when it is done (Go: ctx.Done(); Java: Context.current(); Python: context.is_active() or add_callback; Node: call.on('cancelled'); tonic: a timeout around the stream too, since its own ends with the head).",
  source:
    'gRPC guide "Deadlines": "a gRPC server deals with this situation by automatically cancelling a call (CANCELLED status) once a deadline set by the client has passed"; PROTOCOL-HTTP2.md, "Requests": Timeout → "grpc-timeout" TimeoutValue TimeoutUnit',
  measured: {
    deadlineMs: 'ms',
    endedMs: 'ms after the call was made, of each',
    status: 'gRPC status',
    controlMs: 'ms',
  },
  expect: { maxAfterMs: 1000 },
  streams: 'any',
  judge(history, { expect }) {
    const { maxAfterMs = 1000 } = expect;
    const [lasting] = history.measures('lasting');
    const calls = history.measures('limited');
    if (!lasting || calls.length === 0) return inconclusive('no call with a deadline was made');
    const deadlineMs = Number(calls[0]?.facts.deadlineMs);
    const limitMs = deadlineMs + maxAfterMs;
    const ends = calls.map(({ facts }) => (typeof facts.endedMs === 'number' ? facts.endedMs : null));
    const control = lasting.facts.endedMs;
    const status = calls[0]?.facts.status ?? null;
    const measured = {
      deadlineMs,
      endedMs: ends.map((ms) => ms ?? 'not ended'),
      status,
      controlMs: typeof control === 'number' ? control : null,
    };
    const details = { measured, because: [lasting, ...calls] };
    if (typeof control === 'number' && control <= limitMs) {
      const why = `the method ends by itself after ${inWords(control)}`;
      return skipped(`needs --method of one that lasts longer than ${inWords(limitMs)}: ${why}`, { measured });
    }
    const early = ends.filter((ms) => ms !== null && ms < deadlineMs - 100);
    if (early.length > 0) return inconclusive('calls ended before their deadline had passed', details);
    const late = ends.filter((ms) => ms === null || ms > limitMs);
    if (late.length === 0)
      return pass(`ended calls ${inWords(Math.max(...ends.map(Number)) - deadlineMs)} after their deadline`, details);
    // What ended while the harness stood still is seen late.
    const stallMs = Math.max(0, ...history.of('loop').map(({ maxMs }) => maxMs));
    if (late.some((ms) => ms !== null && ms - stallMs <= limitMs))
      return inconclusive(
        `calls were seen to end after their deadline by a harness that stood still for ${inWords(stallMs)}`,
        details,
      );
    // One that was late may have been the machine's fault.
    if (late.length < ends.length)
      return inconclusive(`${late.length} of ${ends.length} calls went on behind their deadline`, details);
    const never = late.every((ms) => ms === null);
    const seen = never
      ? `calls still went on ${inWords(Number(calls[0]?.facts.watchedMs) - deadlineMs)} after their deadline`
      : `calls ended ${inWords(Math.min(...late.map((ms) => ms ?? Number.POSITIVE_INFINITY)) - deadlineMs)} after their deadline`;
    return fail(seen, details);
  },
  examples: { pass: story(520), fail: story(null) },
});

function story(endedMs: number | null): EventBodyAt[] {
  const lasting = { deadlineMs: null, endedMs: null, watchedMs: 6000, status: null, told: false };
  const limited = { deadlineMs: 500, endedMs, watchedMs: 6000, status: endedMs === null ? null : 4, told: true };
  return [
    [6000, { type: 'measure', name: 'lasting', facts: lasting }],
    ...[1, 2, 3].map((): EventBodyAt => [6001, { type: 'measure', name: 'limited', facts: limited }]),
  ];
}
