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
