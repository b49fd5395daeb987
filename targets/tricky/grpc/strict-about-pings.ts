/** Tricky: ends who sends PINGs oftener than every 20 s, which is its right, and lets those of every 30 s pass. */
import { startServer } from '../../grpc-server';
import { policePings } from '../../ping-police';
import { scaledMs, type TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'ends who sends PINGs oftener than every 20 s',
  fine: ['grpc/ping-strike'],
};

if (require.main === module) {
  policePings(scaledMs(20_000));
  startServer();
}
