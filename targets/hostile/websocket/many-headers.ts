/** Hostile: answers each handshake with 1,000 headers more than it needs, with the argument `endless` with headers that do not end. */
import type { Socket } from 'node:net';
import { startServer } from '../../websocket-server';
import { pour } from '../beside';

const more = 'X: y\r\n'.repeat(1000);

startServer({
  admits: ({ socket, headers }) => {
    const write: Socket['write'] = socket.write.bind(socket);
    socket.write = (answer: string | Uint8Array) => {
      socket.write = write;
      const lines = String(answer).trimEnd();
      if (process.argv[2] !== 'endless') return write(`${lines}\r\n${more}\r\n`);
      write(`${lines}\r\n`);
      pour(socket, more);
      return true;
    };
    return headers.origin === undefined;
  },
});
