/** Flaw: goes on writing to everybody who ever came; only whom it ended itself it takes off its list. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/ignored-disconnect';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module)
  startServer({
    left: (stream, forget) => {
      if (stream.response.writableEnded) forget();
    },
  });
