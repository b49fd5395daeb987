/** Flaw: its events carry no id, so no client can say what it has seen; a cursor from elsewhere still gets its reset. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/no-sequence-id';
export const meta: FlawMeta = {
  role: 'server',
  trips,
  implies: ['sse/no-replay', 'sse/silent-gap', 'sse/sequence-restart'],
};

if (require.main === module)
  startServer({ form: ({ stream, data }) => `data: ${JSON.stringify({ stream, data })}\n\n` });
