/** Flaw: knows the number that a call goes on behind (an unknown one still gets OUT_OF_RANGE) and sends nothing of what was missed. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/no-replay';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ replays: false });
