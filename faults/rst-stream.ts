import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import { frameOf } from '../harness/path/http2-frames.js';
import { cancelUp, showAll } from '../harness/path/shown-frames.js';

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
    let calls = 0;
    const clients = await showAll(
      gate.live,
      (connection) => {
        const { streams } = connection;
        calls += streams.length;
        if (streams.length === 0) return undefined;
        void cancelUp(connection, streams, signal);
        return Buffer.concat(streams.map((stream) => frameOf('RST_STREAM', stream, payload)));
      },
      signal,
    );
    if (clients > 0) bite({ code, calls, clients });
    return () => {};
  },
});
