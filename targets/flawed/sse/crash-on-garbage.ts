/** Flaw: decodes the last id that a client presents without expecting that it may be no good, and dies of the exception. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/crash-on-garbage';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module)
  startServer({
    cursorOf: ({ headers }) => {
      const id = headers['last-event-id'];
      return id === undefined ? undefined : decodeURIComponent(`${id}`);
    },
  });
