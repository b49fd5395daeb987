/** Flaw: its heartbeat is an empty message, which every client of it is given. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/heartbeat-as-message';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ beat: ({ body }) => void body.write('data:\n\n') });
