/** Tricky: sends no PING, but ends each connection when it is a minute old: GOAWAY, and the end 5 s later for who is not gone. */
import { resilient } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import { scaledMs, type TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'no PING, and no connection older than a minute',
  fine: ['grpc/leaked-session'],
};

const { 'grpc.keepalive_time_ms': _, ...quiet } = resilient.options;
const aged = {
  'grpc.max_connection_age_ms': scaledMs(60_000),
  'grpc.max_connection_age_grace_ms': scaledMs(5_000),
};

if (require.main === module) startServer({ options: { ...quiet, ...aged } });
