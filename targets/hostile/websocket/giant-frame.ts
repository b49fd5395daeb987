/** Hostile: greets one session with a frame of 1 GiB that it sends whole, the next with one that it only announces, the fourth with one of 2^62 bytes. */
import type { Duplex } from 'node:stream';
import { startServer } from '../../websocket-server';

const GIB = 2 ** 30;
const piece = Buffer.alloc(64 * 1024, 'x');
/** A text frame, unmasked, with a length of 64 bits. */
const announced = (bytes: bigint) => {
  const head = Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(bytes, 2);
  return head;
};
let greeted = 0;

function pour(tcp: Duplex, left: number): void {
  if (left > 0 && !tcp.destroyed) tcp.write(piece, () => pour(tcp, left - piece.length));
}

startServer({
  welcome: (_, { socket }) => {
    const kind = greeted++ % 4;
    if (kind === 2) return;
    socket.write(announced(kind === 3 ? 2n ** 62n : BigInt(GIB)));
    if (kind === 0) pour(socket, GIB);
  },
});
