import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import { frameOf } from '../harness/path/http2-frames.js';
import { cancelUp, showAll } from '../harness/path/shown-frames.js';

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
    let calls = 0;
    const clients = await showAll(
      gate.live,
      (connection) => {
        const { streams } = connection;
        calls += streams.length;
        if (streams.length === 0) return undefined;
        void cancelUp(connection, streams, signal);
        return Buffer.concat(streams.map((stream) => trailers(stream, bytes)));
      },
      signal,
    );
    if (clients > 0) bite({ bytes, calls, clients });
    return () => {};
  },
});

/** HEADERS and its CONTINUATION. The fields are literals that no table keeps (RFC 7541, 6.2.2). */
function trailers(stream: number, bytes: number): Buffer {
  const block = Buffer.concat([literal('grpc-status', '0'), literal('x-giant', 'g'.repeat(bytes))]);
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

function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), ...[name, value].flatMap((text) => [lengthOf(text), Buffer.from(text)])]);
}

/** An integer with a prefix of seven bits (RFC 7541, 5.1), without Huffman's code. */
function lengthOf(text: string): Buffer {
  if (text.length < 127) return Buffer.from([text.length]);
  const octets = [127];
  let rest = text.length - 127;
  for (; rest > 127; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  return Buffer.from([...octets, rest]);
}
