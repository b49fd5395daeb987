/** Flaw: backs off from 1 s, doubled to 30 s, with nothing random in it: a herd stays a herd. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/no-jitter';
export const meta: FlawMeta = { role: 'client', trips, implies: ['websocket/herd-retry'] };

if (require.main === module) startClient({ delayMs: (failures) => Math.min(30_000, 1_000 * 2 ** failures) });
