/** Flaw: begins its backoff at 8 s; the rest is as it must be. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/eager-backoff';
export const meta: FlawMeta = { role: 'client', trips };

const delayMs = (failures: number) => Math.min(60_000, 8_000 * 1.4 ** failures) * (0.6 + 0.8 * Math.random());

if (require.main === module) startClient({ delayMs });
