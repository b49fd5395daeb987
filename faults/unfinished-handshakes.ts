import { defineFault } from '../harness/define.js';
import type { UnfinishedHandshakes } from '../harness/drivers/unfinished-handshakes.js';

/** What Slowloris does, on a small scale. */
export default defineFault<UnfinishedHandshakes, { readonly connections: number }>({
  id: 'unfinished-handshakes',
  hop: 'driver',
  about: 'so many clients begin a handshake and do not finish it; one of four goes on a header line at a time',
  evidence: 'connections that were accepted and got part of a handshake',
  params: { connections: 'count' },
  async inject(handshakes, { connections }, { bite }) {
    const standing = await handshakes.open(connections);
    if (standing > 0) bite({ standing });
    return () => handshakes[Symbol.dispose]();
  },
});
