/** Flaw: knows WebSocket and nothing else. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/no-fallback';
export const meta: FlawMeta = { role: 'client', trips, system: true };

if (require.main === module) startClient({ firstSignMs: null });
