/** Flaw: takes an order again when it comes again with the same id. */
import { startServer } from '../../grpc-server';
import { type FlawMeta, ORDERS } from '../../program';

export const trips = 'grpc/duplicate-execution';
export const meta: FlawMeta = { role: 'server', trips, words: ORDERS };

if (require.main === module) startServer({ executesOnce: false });
