/** Tricky: counts its subscribers anew with each heartbeat only, beside a peak that looks like a gauge of them. */
import { counts, metricsText } from '../../metrics';
import type { TrickyMeta } from '../../program';
import { scaledMs } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'counts its subscribers at each heartbeat',
  fine: ['sse/no-metrics', 'sse/lying-metrics'],
};

let [peak, text] = [0, ''];

function refresh(): void {
  peak = Math.max(peak, counts.active);
  const own = `# TYPE feed_subscribers gauge\nfeed_subscribers ${counts.active}\n`;
  text = `${metricsText().replace(/.*feed_connections.*\n/g, '')}${own}# TYPE feed_subscribers_peak gauge\nfeed_subscribers_peak ${peak}\n`;
}

if (require.main === module) {
  refresh();
  setInterval(refresh, scaledMs(15_000));
  startServer({ metrics: () => text });
}
