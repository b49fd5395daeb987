/** Flaw: asks its questions without a deadline, and so for ever where nobody answers. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/ignored-deadline';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ deadlineMs: null });
