/** Flaw: stops trying after four attempts, as libraries do whose limit of retries is a small number by default. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/gives-up';
export const meta: FlawMeta = { role: 'client', trips, implies: ['websocket/no-reconnect'] };

const random = (failures: number) => Math.min(30_000, 2_500 * 2 ** failures) * (0.2 + 0.8 * Math.random());

if (require.main === module) startClient({ delayMs: (failures) => (failures < 4 ? random(failures) : null) });
