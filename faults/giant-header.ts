import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import { frameOf } from '../harness/path/http2-frames.js';
import { literalBlock } from '../harness/path/http2-headers.js';
import { endCalls } from '../harness/path/shown-frames.js';

const PIECE_BYTES = 16_384;
const FLAG = { END_STREAM: 0x1, END_HEADERS: 0x4 } as const;

/** Beyond what any library takes of a header list (8 KiB to 64 KiB): the call cannot be read, and the connection can. */
export default defineFault<Gate, { readonly bytes: number }>({
  id: 'giant-header',
  hop: 'gate',
  about: 'every open call is ended by trailers with one header of so many bytes',
  evidence: 'the clients that answered a PING behind the trailers, or whose connection ended at them',
  params: { bytes: 'length of the value' },
  async inject(gate, { bytes }, { bite, signal }) {
    const { calls, clients } = await endCalls(gate.live, (stream) => trailers(stream, bytes), signal);
    if (clients > 0) bite({ bytes, calls, clients });
    return () => {};
  },
});

/** HEADERS and its CONTINUATION. */
function trailers(stream: number, bytes: number): Buffer {
  const block = literalBlock({ 'grpc-status': '0', 'x-giant': 'g'.repeat(bytes) });
  const frames: Buffer[] = [];
  for (let at = 0; at < block.length; at += PIECE_BYTES) {
    const last = at + PIECE_BYTES >= block.length ? FLAG.END_HEADERS : 0;
    const piece = block.subarray(at, at + PIECE_BYTES);
    frames.push(
      at === 0
        ? frameOf('HEADERS', stream, piece, FLAG.END_STREAM | last)
        : frameOf('CONTINUATION', stream, piece, last),
    );
  }
  return Buffer.concat(frames);
}
