/** Flaw: comes back without saying what it saw last, so what was missed stays missed. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/no-resume';
export const meta: FlawMeta = { role: 'client', trips, implies: ['websocket/message-loss'] };

if (require.main === module) startClient({ resumes: false });
