/** Hostile: answers each request with HTTP that is none, of the kind that its argument names, one event before it where there can be one. */
import { createServer, type Socket } from 'node:net';
import { unsafe } from '../unsafe-text';

const { PORT = '8080', HOST = '127.0.0.1' } = process.env;
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n';
const EVENT = `${HEAD}Transfer-Encoding: chunked\r\n\r\nd\r\ndata: first\n\n\r\n`;
const digits = '0'.repeat(64 * 1024);

function pour(socket: Socket, text: string): void {
  if (!socket.destroyed) socket.write(text, () => setImmediate(pour, socket, text));
}

const KINDS: Readonly<Record<string, (socket: Socket) => void>> = {
  status: (socket) => void socket.write(`HTTP/9.9 ${unsafe}\r\n\r\n`),
  chunk: (socket) => void socket.write(`${EVENT}zz${unsafe}\r\n`),
  'chunk-line': (socket) => {
    socket.write(EVENT);
    pour(socket, digits);
  },
  trailers: (socket) => {
    socket.write(`${EVENT}0\r\n`);
    pour(socket, 'X-More: trailer\r\n'.repeat(1000));
  },
  headers: (socket) => {
    socket.write(HEAD);
    pour(socket, 'X-More: header\r\n'.repeat(1000));
  },
  'many-headers': (socket) => {
    socket.write(`${HEAD}${'X: y\r\n'.repeat(1000)}\r\ndata: first\n\n`);
    const beating = setInterval(() => socket.write(':\n\n'), 2000);
    socket.on('close', () => clearInterval(beating));
  },
  slow: (socket) => {
    let at = 0;
    const dripping = setInterval(() => socket.write(HEAD[at++ % HEAD.length] ?? ''), 1000);
    socket.on('close', () => clearInterval(dripping));
  },
};

const answer = KINDS[process.argv[2] ?? 'status'];
createServer((socket) => {
  socket.on('error', () => {}).once('data', () => answer?.(socket));
}).listen(Number(PORT), HOST);
