/**
 * Flaw: counts from 1 each time it starts, names no stream, and lets an unknown number pass: after a crash 12 is another message,
 * and a client that knows 60 waits for 61.
 */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/sequence-restart';
export const meta: FlawMeta = { role: 'server', trips, implies: ['grpc/silent-gap'] };

if (require.main === module) startServer({ first: 1, resets: false, form: ({ seq, data }) => ({ seq, data }) });
