/** Tricky: no PING, and an empty message on a quiet stream every 50 s only: less than a minute. */
import { resilient } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'an empty message every 50 s, and no PING',
  fine: ['grpc/idle-cut'],
};

const { 'grpc.keepalive_time_ms': _, ...options } = resilient.options;

if (require.main === module) startServer({ options, beatMs: 50_000 });
