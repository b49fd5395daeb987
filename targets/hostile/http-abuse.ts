import type { Socket } from 'node:net';
import { pour } from './beside';

const MIB = 2 ** 20;
const request = (method: string, path: string, more: string) =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${more}`;

/** What no client should ask, one after another; `path` is what it may ask for. */
export const ABUSES: readonly ((socket: Socket, path: string) => void)[] = [
  (socket) => void socket.write(request('GET', `/${'x'.repeat(4 * MIB)}`, '\r\n')),
  (socket, path) => void socket.write(request('GET', path, `X-Giant: ${'x'.repeat(4 * MIB)}\r\n\r\n`)),
  (socket, path) => void socket.write(request('GET', path, `${'X-More: header\r\n'.repeat(5000)}\r\n`)),
  (socket, path) => {
    socket.write(request('GET', path, ''));
    pour(socket, 'X-More: header\r\n'.repeat(1000));
  },
  (socket) => pour(socket, 'GET '.repeat(16_000)),
  (socket, path) => {
    socket.write(request('POST', path, `Content-Length: ${2 ** 52}\r\n\r\n`));
    pour(socket, Buffer.alloc(64 * 1024, 'x'));
  },
  (socket, path) => {
    socket.write(request('POST', path, 'Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n'));
    pour(socket, Buffer.alloc(64 * 1024, 'x'));
  },
  // What comes is never read.
  (socket, path) => void socket.pause().write(request('GET', path, 'Accept: text/event-stream\r\n\r\n')),
];
