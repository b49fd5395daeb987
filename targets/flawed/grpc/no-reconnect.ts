/** Flaw: when its call has ended it stays ended; the process lives on without it. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/no-reconnect';
export const meta: FlawMeta = {
  role: 'client',
  trips,
  implies: ['grpc/hung-handshake', 'grpc/silent-disconnect', 'grpc/no-resume', 'grpc/gives-up'],
};

if (require.main === module) startClient({ delayMs: () => null });
