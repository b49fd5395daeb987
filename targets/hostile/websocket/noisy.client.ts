/** Hostile: a client that prints without an end, lines that never end among it, and sends frames of 16 MiB. Whatever else it does is right. */

import { startClient } from '../../websocket-client';
import { resilient } from '../../websocket-client-behaviour';
import { unsafe } from '../unsafe-text';

const lineless = Buffer.alloc(256 * 1024, 'x');
const lines = Buffer.from(`{"event":"noise","id":"${'9'.repeat(1000)}"}\n${unsafe}\n`.repeat(100));
const giant = Buffer.alloc(16 * 2 ** 20, 'x');

function pour(count: number): void {
  process.stdout.write(count % 2 === 0 ? lines : lineless, () => setImmediate(pour, count + 1));
}

startClient({
  beat: (socket) => {
    resilient.beat(socket);
    socket.send(giant);
  },
});
pour(0);
