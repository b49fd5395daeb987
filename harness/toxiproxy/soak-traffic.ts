import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, delay, nowMs, waitFor } from '../clock.js';
import type { Random } from '../random.js';

/**
 * The traffic of the soak. A connection sends a known number of bytes each way, in pieces of random size at random times, and
 * each receiver compares every byte with the one that must come next. The server ends the connection when both are through.
 */
const HEADER_BYTES = 4;
const LONGEST_MS = 60_000;
/** Four slow_close toxics and a reader that stalls hold back the end of a stream for 13 s, and each update begins anew. */
const SLOWEST_END_MS = 40_000;
/** A server that has not seen the connection by then will not. */
const UNSEEN_MS = 5000;

/** One way of one connection. */
interface Way {
  readonly planned: number;
  sent: number;
  received: number;
}

export interface Session {
  readonly id: number;
  readonly openedAtMs: number;
  readonly up: Way;
  readonly down: Way;
  /** Ours to end early, so that what it loses is nobody's fault. */
  aborted: boolean;
  /** Received something else than must come next. */
  wrong: string | undefined;
  /** The server has seen it. */
  served: boolean;
  /** Of the two ends. */
  closed: number;
}

/** The byte at a place of a stream: other streams and other places have others. */
function byteAt(salt: number, at: number): number {
  return (salt * 17 + at * 31 + (at >> 8) * 7) & 0xff;
}

function pattern(salt: number, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = byteAt(salt, from + i);
  return bytes;
}

export class Traffic implements Disposable {
  private readonly sessions = new Map<number, Session>();
  private opened = 0;
  port = 0;

  private constructor(
    private readonly random: Random,
    private readonly server: Server,
  ) {
    server.on('connection', (socket) => this.serve(socket));
  }

  static async start(random: Random): Promise<Traffic> {
    const server = createServer({ noDelay: true });
    const traffic = new Traffic(random, server);
    await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => resolve()));
    const address = server.address();
    traffic.port = typeof address === 'object' && address ? address.port : 0;
    return traffic;
  }

  /** One connection through that port, from its begin to the end of both its ends. Undefined where it was refused. */
  async run(port: number): Promise<Session | undefined> {
    // Not the moment we learn of it: the proxy may have begun, and lost something, long before on a busy machine.
    const openedAtMs = nowMs();
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (!connected) return undefined;
    const { random } = this;
    const way = (): Way => ({ planned: random.integer(1, 60_000), sent: 0, received: 0 });
    const id = this.opened++;
    const session: Session = {
      id,
      openedAtMs,
      up: way(),
      down: way(),
      aborted: false,
      wrong: undefined,
      served: false,
      closed: 0,
    };
    this.sessions.set(id, session);
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(id);
    socket.write(header);
    this.join(socket, session, session.up, session.down);
    using _ = after(LONGEST_MS, () => this.abort(socket, session));
    if (random.next() < 0.03) after(random.integer(50, 3000), () => this.abort(socket, session));
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    session.closed++;
    await waitFor(() => session.served, UNSEEN_MS, { stepMs: 50 });
    if (session.served) await waitFor(() => session.closed === 2, SLOWEST_END_MS, { stepMs: 50 });
    this.sessions.delete(id);
    return session;
  }

  [Symbol.dispose](): void {
    this.server.close();
  }

  private abort(socket: Socket, session: Session): void {
    if (socket.destroyed) return;
    session.aborted = true;
    socket.resetAndDestroy();
  }

  private serve(socket: Socket): void {
    let header = Buffer.alloc(0);
    socket.on('error', () => undefined);
    const first = (bytes: Buffer) => {
      header = Buffer.concat([header, bytes]);
      if (header.length < HEADER_BYTES) return;
      socket.removeListener('data', first);
      const session = this.sessions.get(header.readUInt32BE());
      if (!session) {
        socket.destroy();
        return;
      }
      session.served = true;
      const through = () => {
        const { up, down } = session;
        if (up.received === up.planned && down.sent === down.planned) socket.end();
      };
      this.join(socket, session, session.down, session.up, through);
      socket.on('close', () => {
        session.closed++;
      });
      if (header.length > HEADER_BYTES) socket.emit('data', header.subarray(HEADER_BYTES));
    };
    socket.on('data', first);
    socket.on('end', () => socket.end());
  }

  private join(socket: Socket, session: Session, out: Way, into: Way, onward: () => void = () => undefined): void {
    socket.on('error', () => undefined);
    // The two ways of a connection have streams of their own.
    const salt = (way: Way) => session.id * 2 + (way === session.up ? 0 : 1);
    socket.on('data', (bytes) => {
      const expected = pattern(salt(into), into.received, bytes.length);
      if (!expected.equals(bytes)) session.wrong ??= `wrong bytes after ${into.received}`;
      into.received += bytes.length;
      if (into.received > into.planned) session.wrong ??= `${into.received} bytes of ${into.planned}`;
      onward();
    });
    void this.send(socket, out, salt(out)).then(onward);
    void this.stall(socket);
  }

  private async send(socket: Socket, way: Way, salt: number): Promise<void> {
    const { random } = this;
    while (way.sent < way.planned && !socket.destroyed) {
      const size = Math.min(way.planned - way.sent, random.integer(1, random.next() < 0.2 ? 30_000 : 3000));
      socket.write(pattern(salt, way.sent, size));
      way.sent += size;
      await delay(random.integer(20, 800));
    }
  }

  /** A receiver that reads nothing for a while. */
  private async stall(socket: Socket): Promise<void> {
    if (this.random.next() > 0.1) return;
    await delay(this.random.integer(0, 1000));
    socket.pause();
    await delay(this.random.integer(100, 4000));
    socket.resume();
  }
}
