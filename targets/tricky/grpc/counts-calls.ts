/** Tricky: metrics in the words of gRPC's own interceptors, calls by how they came, 2 s old; and beside them a peak and a limit. */
import { startServer } from '../../grpc-server';
import { counts, metricsText } from '../../metrics';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'metrics of gRPC interceptors that are 2 s old, with a peak and a limit',
  fine: ['grpc/no-metrics', 'grpc/lying-metrics'],
};

let [peak, text] = [0, ''];

function refresh(): void {
  const half = Math.floor(counts.active / 2);
  peak = Math.max(peak, counts.active);
  const open = `rpc_active_calls{via="web"} ${half}\nrpc_active_calls{via="app"} ${counts.active - half}\n`;
  const own = [
    `# TYPE rpc_active_calls gauge\n${open}`,
    `# TYPE grpc_server_started_total counter\ngrpc_server_started_total{grpc_type="server_stream"} ${counts.connects}\n`,
    `# TYPE rpc_calls_peak gauge\nrpc_calls_peak ${peak}\nrpc_calls_limit 5000\n`,
  ];
  text = metricsText().replace(/.*feed_(re)?connect.*\n/g, '') + own.join('');
}

if (require.main === module) {
  refresh();
  setInterval(refresh, 2_000);
  startServer({ metrics: () => text });
}
