/** Hostile: sends each client one line without an end, as fast as the kernel takes it. */
import type { Writable } from 'node:stream';
import { startServer } from '../../sse-server';

const piece = Buffer.alloc(64 * 1024, 'x');

function pour(body: Writable): void {
  if (!body.destroyed) body.write(piece, () => pour(body));
}

startServer({
  welcome: ({ body }) => {
    body.write('data: first\n\ndata: ');
    pour(body);
  },
  retryMs: () => null,
  beat: () => {},
  deliver: () => {},
});
