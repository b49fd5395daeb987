import { connect, type Socket } from 'node:net';

const EVERY_MS = 1000;
const FOR_MS = 5000;

/** Beside what the program does right: another connection to where it is to go, each second, for as long as `act` and five seconds let it live. */
export function beside(act: (socket: Socket, url: URL, count: number) => void): void {
  const url = new URL((process.env.TARGET_URL ?? 'http://127.0.0.1:8080/').replace(/^(ws|grpc)/, 'http'));
  let count = 0;
  setInterval(() => {
    const socket = connect(Number(url.port), url.hostname, () => act(socket, url, count++));
    socket.on('error', () => {});
    setTimeout(() => socket.destroy(), FOR_MS);
  }, EVERY_MS);
}

/** The same over and over, as fast as it is taken. */
export function pour(socket: Socket, piece: Buffer | string): void {
  if (!socket.destroyed) socket.write(piece, () => setImmediate(pour, socket, piece));
}
