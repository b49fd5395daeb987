import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import { frameOf } from '../harness/path/http2-frames.js';
import { showAll } from '../harness/path/shown-frames.js';

/** "A GOAWAY frame with ... the last stream identifier set to 2^31-1": all streams may go on, and no new one begins [RFC 9113, 6.8]. */
const ALL_STREAMS = 0x7fffffff;

/** The server knows nothing of it, as where a proxy between them is restarted. */
export default defineFault<Gate, { readonly code: number }>({
  id: 'goaway',
  hop: 'gate',
  about: 'every live HTTP/2 connection is told GOAWAY: its calls may end, and no new one begins on it',
  evidence: 'the clients that answered a PING behind the GOAWAY, or whose connection ended at it',
  params: { code: 'error code of HTTP/2; 0 is a graceful end' },
  async inject(gate, { code }, { bite, signal }) {
    const payload = Buffer.alloc(8);
    payload.writeUInt32BE(ALL_STREAMS, 0);
    payload.writeUInt32BE(code, 4);
    const clients = await showAll(gate.live, () => frameOf('GOAWAY', 0, payload), signal);
    if (clients > 0) bite({ code, clients });
    return () => {};
  },
});
