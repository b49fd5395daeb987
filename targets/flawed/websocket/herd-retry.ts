/** Flaw: its first retry comes after exactly 1 s; only the later ones are drawn at random. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/herd-retry';
export const meta: FlawMeta = { role: 'client', trips };

const random = (failures: number) => Math.min(30_000, 2_500 * 2 ** failures) * (0.2 + 0.8 * Math.random());

if (require.main === module) startClient({ delayMs: (failures) => (failures === 0 ? 1_000 : random(failures)) });
