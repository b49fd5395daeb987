/** Tricky: its heartbeat is an event with a name and empty data, which no `onmessage` hears. */
import type { TrickyMeta } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'a heartbeat that is an event with a name',
  fine: ['sse/no-heartbeat', 'sse/heartbeat-as-message'],
};

if (require.main === module) startServer({ beat: ({ body }) => void body.write('event: heartbeat\ndata:\n\n') });
