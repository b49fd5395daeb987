import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

// Only unary calls can be failed: a stream may be meant to last for ever, and an end that its client never wanted would be the fault.
export default defineCheck({
  id: 'grpc/ignored-deadline',
  level: 'MUST',
  antiPattern: null,
  role: 'client',
  scenario: 'questions',
  title: 'MUST send a deadline with each unary call',
  why: 'Without one a question that a hung server never answers waits for ever, with all that waits behind it, and the server works on for a client that has long given up.',
  fix: 'Set a deadline at every call that has one answer (Go: context.WithTimeout; Java: withDeadlineAfter; Python: timeout=; Node: { deadline }; connect: timeoutMs), or a "timeout" for the method in the service config.',
  source:
    'gRPC guide "Deadlines": "By default, gRPC does not set a deadline which means it is possible for a client to end up waiting for a response effectively forever. To avoid this you should always explicitly set a realistic deadline in your clients"; CHECKLIST rule 19: "The client must send grpc-timeout"',
  measured: { calls: 'unary calls', withDeadline: 'unary calls', deadlineMs: 'ms, the longest', streams: 'calls' },
  expect: {},
  samples: 'calls',
  streams: 'any',
  judge(history) {
    const asked = history.measures('asked');
    if (asked.length === 0) return inconclusive('the client called nothing in 20 s');
    const unary = asked.filter(({ facts }) => facts.pattern === 'unary');
    const sum = (list: typeof asked, name: string) => list.reduce((all, { facts }) => all + Number(facts[name]), 0);
    const deadlines = asked.flatMap(({ facts }) => (typeof facts.deadlineMs === 'number' ? [facts.deadlineMs] : []));
    const measured = {
      calls: sum(unary, 'calls'),
      withDeadline: sum(unary, 'withDeadline'),
      deadlineMs: deadlines.length > 0 ? Math.max(...deadlines) : null,
      streams: sum(asked, 'calls') - sum(unary, 'calls'),
    };
    const details = { measured, because: asked };
    if (unary.length === 0) {
      const streams = asked.filter(({ facts }) => facts.pattern !== null);
      if (streams.length > 0 && streams.every(({ facts }) => facts.withDeadline === facts.calls))
        return pass(`each of its streams has a deadline, of ${inWords(measured.deadlineMs ?? 0)} at most`, details);
      if (streams.length === 0) return inconclusive('what it calls is not in the .proto', details);
      return skipped('needs a client with unary calls: what it asks for here are streams, which may be meant to last', {
        measured,
      });
    }
    const without = unary.filter(({ facts }) => facts.withDeadline !== facts.calls);
    if (without.length === 0)
      return pass(
        `each of ${measured.calls} unary calls had a deadline, of ${inWords(measured.deadlineMs ?? 0)} at most`,
        details,
      );
    const [first] = without;
    const { calls, withDeadline } = measured;
    return fail(
      `${calls - withDeadline} of ${calls} unary calls had no deadline (${String(first?.facts.rpc)})`,
      details,
    );
  },
  examples: { pass: story(5000), fail: story(null) },
});

function story(deadlineMs: number | null): EventBodyAt[] {
  const stream = { rpc: '/feed.Feed/Watch', pattern: 'server-streaming', calls: 1, withDeadline: 0, deadlineMs: null };
  const withDeadline = deadlineMs === null ? 0 : 18;
  const unary = { rpc: '/feed.Feed/Ask', pattern: 'unary', calls: 18, withDeadline, deadlineMs };
  return [
    [20_000, { type: 'measure', name: 'asked', facts: stream }],
    [20_001, { type: 'measure', name: 'asked', facts: unary }],
  ];
}
