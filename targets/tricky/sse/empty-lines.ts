/** Tricky: the lines of a log, many of them empty: messages like any other. It beats by comments. */
import type { TrickyMeta } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'a feed of lines, many of them empty',
  fine: ['sse/heartbeat-as-message', 'sse/no-heartbeat'],
  words: ['--quiet-env', 'QUIET=0'],
};

if (require.main === module)
  startServer({ form: ({ seq, data }) => `id: ${seq}\ndata:${seq % 3 === 0 ? '' : ` ${data}`}\n\n` });
