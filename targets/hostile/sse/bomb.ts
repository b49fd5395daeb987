/** Hostile: packs its stream, asked or not, and sends over and over what unpacks to a thousand times as much: a line without an end. */
import type { Writable } from 'node:stream';
import { constants, gzipSync } from 'node:zlib';
import { resilient } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

const GZIP_HEAD_BYTES = 10;
const whole = gzipSync(Buffer.alloc(64 * 2 ** 20, 'x'), { finishFlush: constants.Z_SYNC_FLUSH });
/** A block that ends on a byte and knows nothing of those before it may follow itself. */
const block = whole.subarray(GZIP_HEAD_BYTES);

function pour(body: Writable): void {
  if (!body.destroyed) body.write(block, () => pour(body));
}

startServer({
  headers: { ...resilient.headers, 'content-encoding': 'gzip' },
  welcome: ({ body }) => {
    body.write(gzipSync('data: first\n\ndata: ', { finishFlush: constants.Z_SYNC_FLUSH }));
    pour(body);
  },
  retryMs: () => null,
  beat: () => {},
  deliver: () => {},
});
