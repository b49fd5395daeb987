import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { FAMILIES, familiesOf } from './metric-evidence.js';

export default defineCheck({
  id: 'no-metrics',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      why: 'Calls that live for days hide their trouble: a leak, a slow consumer or a storm shows in the number of open calls and in the latency of messages long before anybody calls.',
      fix: 'Export a gauge of open calls, counters of calls begun and of messages, and a histogram of how long they take: the interceptors of go-grpc-middleware, py-grpc-prometheus and OpenTelemetry do; and what the client library of Prometheus tells of the process.',
    },
  },
  level: 'MAY',
  antiPattern: null,
  role: 'server',
  scenario: 'metrics',
  title: 'MAY tell its connections, messages, latencies and resources as metrics',
  why: 'Connections that live for days hide their trouble: a leak, a slow consumer or a storm shows in the number of connections and in the latency of messages long before anybody calls.',
  fix: 'Export a gauge of open connections, counters of connects and of messages, a histogram of how long a message takes, and what the client library of Prometheus tells of the process.',
  source: 'CHECKLIST no-metrics; Prometheus, text-based exposition format',
  measured: { families: 'names', missing: 'names' },
  expect: {},
  unless: ({ server }) => (server?.metricsUrl === undefined ? 'needs --metrics-url' : undefined),
  judge(history) {
    const scrape = history.measures('scrape')[0];
    if (!scrape) return inconclusive('the metrics were not asked for');
    if (scrape.facts.read !== true) {
      const { status } = scrape.facts;
      if (status === 200) return inconclusive('what the metrics URL answers is not the text format of Prometheus');
      return fail(`the metrics URL answers ${status}`, { measured: { families: [] }, because: [scrape] });
    }
    const names = new Set(history.measures('family').map(({ facts }) => String(facts.name)));
    const found = new Set([...names].flatMap(familiesOf));
    const families = FAMILIES.filter((family) => found.has(family));
    const missing = FAMILIES.filter((family) => !found.has(family));
    const measured = { families, missing };
    if (missing.length > 0) return fail(`tells nothing about ${missing.join(', ')}`, { measured, because: [scrape] });
    return pass(`tells about ${families.join(', ')}`, { measured, because: [scrape] });
  },
  examples: {
    pass: story('ws_connections', 'ws_messages_total', 'ws_delivery_seconds_sum', 'process_resident_memory_bytes'),
    fail: story('process_resident_memory_bytes'),
  },
});

function story(...names: string[]) {
  return [
    [1, { type: 'measure', name: 'scrape', facts: { when: 'before', status: 200, read: true } }],
    ...names.map((name) => [2, { type: 'measure', name: 'family', facts: { when: 'before', name } }] as const),
  ] as const;
}
