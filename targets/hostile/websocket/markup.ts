/** Hostile: puts terminal commands, markup and bytes that are no UTF-8 into each string that it may choose. Whatever else it does is right. */
import { startServer } from '../../websocket-server';
import { unsafe, unsafeBytes } from '../unsafe-text';

/** A text frame, unmasked. */
const text = Buffer.concat([Buffer.from([0x81, 126, unsafeBytes.length >> 8, unsafeBytes.length & 0xff]), unsafeBytes]);

for (const say of [console.log, console.error]) setInterval(() => say(`${unsafe}\n::error::owned ${unsafe}`), 500);
startServer({
  welcome: ({ socket }, { socket: tcp }) => {
    socket.send(JSON.stringify({ [unsafe]: unsafe, id: unsafe, seq: unsafe }));
    tcp.write(text);
  },
  goodbye: (socket) => socket.close(1001, Buffer.from(unsafe).subarray(0, 120)),
  refusal: () => `401 ${unsafe.replaceAll(/[^\x20-\x7e]/g, '')}`,
  admits: ({ headers }) => headers['x-nobody'] !== unsafe && headers.origin === undefined,
});
