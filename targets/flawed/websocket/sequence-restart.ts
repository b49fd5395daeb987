/**
 * Flaw: counts from 1 each time it starts, names no stream, and lets an unknown cursor pass: after a crash 12 is another
 * message, and a client that knows 60 waits for 61.
 */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/sequence-restart';
export const meta: FlawMeta = { role: 'server', trips, implies: ['websocket/silent-gap'] };

if (require.main === module) startServer({ first: 1, resets: false, form: ({ seq, data }) => ({ seq, data }) });
