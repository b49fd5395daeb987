/** Tricky: counts anew every 2 s only, in two series by how a client came, beside a peak and a limit that look like a gauge of connections. */

import { counts, metricsText } from '../../metrics';
import type { TrickyMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'metrics that are 2 s old, by kind of client, beside a peak and a limit',
  fine: ['websocket/no-metrics', 'websocket/lying-metrics'],
};

let [peak, text] = [0, ''];

function refresh(): void {
  const half = Math.floor(counts.active / 2);
  peak = Math.max(peak, counts.active);
  const own = `feed_clients{via="web"} ${half}\nfeed_clients{via="app"} ${counts.active - half}\n`;
  text = `${metricsText().replace(/.*feed_connections.*\n/g, '')}${own}# TYPE feed_connections_peak gauge\nfeed_connections_peak ${peak}\nfeed_connections_limit 5000\n`;
}

if (require.main === module) {
  refresh();
  setInterval(refresh, 2_000);
  startServer({ metrics: () => text });
}
