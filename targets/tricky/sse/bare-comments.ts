/** Tricky: its heartbeat is a colon and a line feed with no blank line, which ends no event and no silence less, every 29 s. */
import type { TrickyMeta } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'beats every 29 s with a bare colon',
  fine: ['sse/no-heartbeat', 'sse/heartbeat-as-message'],
};

if (require.main === module) startServer({ beat: ({ body }) => void body.write(':\n'), beatMs: 29_000 });
