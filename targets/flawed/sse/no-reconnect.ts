/** Flaw: when its stream has ended it stays ended; the process lives on without it. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/no-reconnect';
export const meta: FlawMeta = {
  role: 'client',
  trips,
  implies: ['sse/hung-handshake', 'sse/silent-disconnect', 'sse/no-resume', 'sse/gives-up'],
};

if (require.main === module) startClient({ leastMs: () => null });
