/** Flaw: loses the deadlines of its clients, as behind a hop that takes grpc-timeout out of the head, and so works on. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';
import { withoutDeadlines } from '../../without-deadlines';

export const trips = 'grpc/ignored-deadline';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) {
  withoutDeadlines();
  startServer();
}
