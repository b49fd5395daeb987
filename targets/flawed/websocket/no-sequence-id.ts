/** Flaw: its messages carry no id, so no client can say what it has seen; a cursor from elsewhere still gets its reset. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/no-sequence-id';
export const meta: FlawMeta = {
  role: 'server',
  trips,
  implies: ['websocket/no-replay', 'websocket/silent-gap', 'websocket/sequence-restart'],
};

if (require.main === module) startServer({ form: ({ stream, data }) => ({ stream, data }) });
