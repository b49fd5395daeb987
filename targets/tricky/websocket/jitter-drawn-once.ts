/**
 * Tricky: draws its random factor once, when it starts, and keeps it: its own delays stand in fixed ratios to each other, and no
 * two processes are in step. Measured in one process it would look like lockstep (PEERS.md, traps).
 */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'a random factor drawn once a process',
  fine: ['websocket/no-jitter', 'websocket/fixed-retry'],
};

const factor = 0.4 + 0.6 * Math.random();

if (require.main === module) startClient({ delayMs: (failures) => Math.min(30_000, 2_500 * 2 ** failures) * factor });
