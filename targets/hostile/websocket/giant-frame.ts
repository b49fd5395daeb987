/** Hostile: greets one session with a frame of 1 GiB that it sends whole, and the next with one that it only announces. */
import type { Duplex } from 'node:stream';
import { startServer } from '../../websocket-server';

const GIB = 2 ** 30;
const piece = Buffer.alloc(64 * 1024, 'x');
/** A text frame, unmasked, of 64 bits of length. */
const head = Buffer.from([0x81, 127, 0, 0, 0, 0, 0x40, 0, 0, 0]);
let greeted = 0;

function pour(tcp: Duplex, left: number): void {
  if (left > 0 && !tcp.destroyed) tcp.write(piece, () => pour(tcp, left - piece.length));
}

startServer({
  welcome: (_, { socket }) => {
    socket.write(head);
    if (greeted++ % 2 === 0) pour(socket, GIB);
  },
});
