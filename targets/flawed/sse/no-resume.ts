/** Flaw: comes back without saying what it saw last, so what was missed stays missed. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/no-resume';
export const meta: FlawMeta = { role: 'client', trips, implies: ['sse/message-loss'] };

if (require.main === module) startClient({ presents: () => '' });
