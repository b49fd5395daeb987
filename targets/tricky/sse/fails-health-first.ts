/** Tricky: takes whoever comes for 8 s after the stop signal, until the balancer has seen that its health check says 503. */
import type { TrickyMeta } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'after the signal its health check fails, and it lets clients in for another 8 s',
  fine: ['sse/accepts-while-draining', 'sse/abrupt-shutdown', 'sse/hung-shutdown'],
  words: ['--health-url', 'http://127.0.0.1:{port}/health'],
};

if (require.main === module) startServer({ admitsMs: 8_000 });
