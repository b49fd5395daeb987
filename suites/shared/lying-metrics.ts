import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { familiesOf, type Series, seriesOf } from './metric-evidence.js';

const STEPS = ['before', 'open', 'back', 'after'];
const LIVE =
  /active|open|current|connected|online|live|(connections|sessions|clients|sockets|conns|subscribers|streams|listeners)$/;
const ENDS = /disconnect|closed|close_|dropped|failed|failures|errors|rejected|refused/;
const ACCUMULATES = /_(total|count|sum|created)$|peak|max|limit|highest/;

export default defineCheck({
  id: 'lying-metrics',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['client-streaming', 'server-streaming', 'bidirectional'],
  inProtocol: {
    grpc: {
      fix: 'Take a call out of the gauge in the one place that every end passes (an interceptor around the handler, with defer or finally), not where the handler returns cleanly.',
    },
    sse: {
      fix: "Take a stream out of the gauge in the one place that every end passes (the response's close event, a finally block of the generator), not where it ends cleanly.",
    },
  },
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  scenario: 'metrics',
  title: 'SHOULD tell as many open connections and reconnects as there are, after a cut too',
  why: 'A gauge that misses the ends of cut connections climbs with each bad minute of the network. Whoever scales or alerts by it does so for clients that are long gone.',
  fix: 'Take a connection out of the gauge in the one place that every end passes (the close event, a finally block), not where a clean goodbye is handled.',
  source: 'CHECKLIST lying-metrics: active and reconnects agree with what the gate saw within 2 %',
  measured: { errorPct: '%', active: 'name', connects: 'name' },
  expect: { maxErrorPct: 2 },
  decidedBy: [['errorPct', 'maxErrorPct']],
  unless: ({ server }) => {
    if (server?.metricsUrl === undefined) return 'needs --metrics-url';
    return server.command === undefined
      ? 'needs --server CMD: a server that runs already has other clients too'
      : undefined;
  },
  judge(history, { expect }) {
    const counts = history.measures('sessions')[0];
    if (!counts || history.bites('reset').length === 0) return inconclusive('no clients were connected and cut');
    const [opened, back] = [Number(counts.facts.opened), Number(counts.facts.back)];
    if (opened === 0 || back < 0.9 * opened) return inconclusive(`${opened} clients came, ${back} of them came back`);
    const unread = STEPS.filter((step) => !history.measures('metric').some(({ facts }) => facts.when === step));
    if (unread.length > 0)
      return inconclusive(`the metrics could not be read at each step (${unread.join(', ')})`, { because: [counts] });
    const about = seriesOf(history).filter(({ name }) => familiesOf(name).includes('connection'));
    const live = about.filter(
      ({ name, type }) => /gauge|untyped/.test(type) && !ACCUMULATES.test(name) && !ENDS.test(name),
    );
    const off = (got: number, wanted: number) => (100 * Math.abs(got - wanted)) / opened;
    const errorOf = (one: Series) =>
      Math.max(off(one.open - one.before, opened), off(one.back - one.before, back), off(one.after - one.before, 0));
    const moved = live.filter((one) => LIVE.test(one.name) && one.open - one.before >= opened / 2);
    const close = moved.filter((one) => off(one.open - one.before, opened) <= (expect.maxErrorPct ?? 2));
    const active = worst(close.length > 0 ? close : moved, errorOf) ?? live.find(({ name }) => LIVE.test(name));
    const counters = about.filter(({ name, type }) => (type === 'counter' || /_total$/.test(name)) && !ENDS.test(name));
    // One that counts who comes back has not moved before, and one that counts all who come has.
    const comes = counters.filter((one) => off(one.open - one.before, opened) <= (expect.maxErrorPct ?? 2));
    const returns = counters.filter(({ name, open, back: at }) => /re_?connect|resum/.test(name) && at > open);
    const connectError = (one: Series) => off(one.back - one.open, back);
    const connects = worst([...comes, ...returns], connectError);
    if (!active && !connects)
      return inconclusive('no metric counts open connections or connects', { because: [counts] });
    const errors = [...(active ? [errorOf(active)] : []), ...(connects ? [connectError(connects)] : [])];
    const errorPct = Math.round(10 * Math.max(...errors)) / 10;
    const measured = { errorPct, active: active?.name ?? null, connects: connects?.name ?? null };
    const because = [counts, ...(active?.events ?? []), ...(connects?.events ?? [])];
    const tells = active
      ? `${active.name} says ${active.open - active.before} of ${opened}, ${active.back - active.before} of ${back} after the cut, ${active.after - active.before} of 0 at the end`
      : `${connects?.name} says ${(connects?.back ?? 0) - (connects?.open ?? 0)} of ${back} who came back`;
    return errorPct > (expect.maxErrorPct ?? 2)
      ? fail(tells, { measured, because })
      : pass(tells, { measured, because });
  },
  examples: { pass: story(100), fail: story(200) },
});

function worst(list: readonly Series[], errorOf: (one: Series) => number): Series | undefined {
  return list.toSorted((a, b) => errorOf(b) - errorOf(a))[0];
}

function story(back: number): EventBodyAt[] {
  const metric = (when: string, value: number): EventBodyAt => [
    1,
    {
      type: 'measure',
      name: 'metric',
      facts: { when, name: 'ws_connections', type: 'gauge', series: 'ws_connections', value },
    },
  ];
  return [
    ...[metric('before', 0), metric('open', 100), metric('back', back), metric('after', back - 100)],
    [2, { type: 'fault', fault: 'reset', what: 'bite', who: 'r', facts: { connections: 100 } }],
    [3, { type: 'measure', name: 'sessions', facts: { opened: 100, back: 100, resumed: false, accepted: 200 } }],
  ];
}
