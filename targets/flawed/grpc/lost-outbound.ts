/** Flaw: does not look at how its questions end: those that were on their way when it was cut are neither asked again nor reported. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/lost-outbound';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ givesUp: () => {} });
