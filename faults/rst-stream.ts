import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import { frameOf } from '../harness/path/http2-frames.js';
import { endCalls } from '../harness/path/shown-frames.js';

/** As a proxy ends a call that was silent for too long. */
export default defineFault<Gate, { readonly code: number }>({
  id: 'rst-stream',
  hop: 'gate',
  about: 'every open call is ended by RST_STREAM on both sides; the connection goes on',
  evidence: 'the clients that answered a PING behind the RST_STREAM, or whose connection ended at it',
  params: { code: 'error code of HTTP/2' },
  async inject(gate, { code }, { bite, signal }) {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(code, 0);
    const { calls, clients } = await endCalls(gate.live, (stream) => frameOf('RST_STREAM', stream, payload), signal);
    if (clients > 0) bite({ code, calls, clients });
    return () => {};
  },
});
