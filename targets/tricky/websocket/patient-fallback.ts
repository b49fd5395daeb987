/** Tricky: gives WebSocket 9 s before it goes another way: for that long nothing comes, and it is still in time. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'gives a blocked WebSocket 9 s before it goes another way',
  fine: ['websocket/no-fallback'],
  system: true,
};

if (require.main === module) startClient({ handshakeTimeoutMs: 9_000, firstSignMs: 9_000 });
