/** Flaw: takes no more than a PING every five minutes, as Go, Java and C-core servers do by default. */
import { startServer } from '../../grpc-server';
import { policePings } from '../../ping-police';
import { type FlawMeta, scaledMs } from '../../program';

export const trips = 'grpc/ping-strike';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) {
  policePings(scaledMs(300_000));
  startServer();
}
