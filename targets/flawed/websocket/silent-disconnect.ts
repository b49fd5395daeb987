/** Flaw: sends pings but never looks whether anything comes back, so a frozen link looks alive for ever. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/silent-disconnect';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ silenceMs: null });
