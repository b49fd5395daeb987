import type { Socket } from 'node:net';

/**
 * Ends a socket with a true RST, also when idle or half closed. libuv refuses a reset (EINVAL, and the descriptor
 * leaks) between `shutdown` and its completion one loop turn later; that one case waits for the completion.
 */
export function rst(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.connecting) {
    // Nobody is there yet to be told.
    socket.destroy();
  } else if (socket.writableEnded && !socket.writableFinished) {
    socket.once('finish', () => socket.resetAndDestroy());
  } else {
    socket.resetAndDestroy();
  }
}

const NOTHING = Buffer.alloc(0);

/**
 * Says that a socket's `end` was a FIN, or nothing where it was a reset: its `error` follows. libuv reports an orderly
 * end where a RST comes in one poll with the last bytes (`uv__stream_io` short-circuits on POLLHUP); a write of no bytes
 * sends nothing and fails on a socket that was reset.
 */
export function ifFin(socket: Socket, tell: () => void): void {
  if (socket.writableEnded || socket.writableLength > 0) tell();
  else
    socket.write(NOTHING, (error) => {
      if (!error) tell();
    });
}
