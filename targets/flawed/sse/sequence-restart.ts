/**
 * Flaw: counts from 1 each time it starts, names no stream, and lets an unknown Last-Event-ID pass: after a crash 12 is another
 * message, and a client that knows 60 waits for 61.
 */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/sequence-restart';
export const meta: FlawMeta = { role: 'server', trips, implies: ['sse/silent-gap'] };

if (require.main === module)
  startServer({ first: 1, reset: '', form: ({ seq, data }) => `id: ${seq}\ndata: ${JSON.stringify({ data })}\n\n` });
