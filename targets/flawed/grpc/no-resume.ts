/** Flaw: issues its call again without saying what it saw last, so what was missed stays missed. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/no-resume';
export const meta: FlawMeta = { role: 'client', trips, implies: ['grpc/message-loss'] };

if (require.main === module) startClient({ resumes: false });
