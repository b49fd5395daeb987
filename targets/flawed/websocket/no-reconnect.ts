/** Flaw: when the connection is gone, it stays gone; the process lives on without it. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/no-reconnect';
export const meta: FlawMeta = {
  role: 'client',
  trips,
  implies: ['websocket/hung-handshake', 'websocket/silent-disconnect', 'websocket/no-resume', 'websocket/gives-up'],
};

if (require.main === module) startClient({ delayMs: () => null });
