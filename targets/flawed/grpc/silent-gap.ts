/** Flaw: serves a call that goes on behind a number which it does not know from now on, as if nothing had been missed. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/silent-gap';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ resets: false });
