import { readMetrics } from './metrics-text.js';

const TEXT = `# HELP ws_connections Open connections.
# TYPE ws_connections gauge
ws_connections 3
# TYPE http_requests_total counter
http_requests_total{method="post",code="200",path="a } b"} 1027 1395066363000
# TYPE rpc_duration_seconds histogram
rpc_duration_seconds_bucket{le="0.05"} 24054 # {trace_id="x"} 0.04
rpc_duration_seconds_bucket{le="+Inf"} 144320
rpc_duration_seconds_sum 53423.5e-2
bare NaN
big +Inf
# EOF
`;

test('the text format is read: names, labels, values and the types of their families', () => {
  expect(readMetrics(TEXT)?.samples.map(({ name, value, type }) => [name, value, type])).toEqual([
    ['ws_connections', 3, 'gauge'],
    ['http_requests_total', 1027, 'counter'],
    ['rpc_duration_seconds_bucket', 24054, 'histogram'],
    ['rpc_duration_seconds_bucket', 144320, 'histogram'],
    ['rpc_duration_seconds_sum', 534.235, 'histogram'],
    ['bare', Number.NaN, 'untyped'],
    ['big', Number.POSITIVE_INFINITY, 'untyped'],
  ]);
  expect(readMetrics(TEXT)?.samples[1]?.labels).toBe('{method="post",code="200",path="a } b"}');
});

test('a counter of OpenMetrics has the type of its family', () => {
  expect(readMetrics('# TYPE ws_accepted counter\nws_accepted_total 5\n')).toMatchObject({
    samples: [{ type: 'counter' }],
  });
});

test('a family that has no sample yet has a name', () => {
  expect(readMetrics('# TYPE ws_messages counter\nup 1\n')?.names).toEqual(['ws_messages', 'up']);
});

test.each(['', '{"connections": 3}', '<html><body>404</body></html>', 'Not Found', '# TYPE a gauge\n'])(
  '%j is no metrics text',
  (text) => {
    expect(readMetrics(text)).toBeUndefined();
  },
);
