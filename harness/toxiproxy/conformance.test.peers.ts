import { connect, createServer, type Server, type Socket } from 'node:net';
import { nowMs, until } from '../clock.js';

/** A raw socket that keeps what came, when, and how it ended. */
export class Peer {
  readonly arrivals: { readonly bytes: Buffer; readonly atMs: number }[] = [];
  ended: 'FIN' | 'RST' | undefined;
  endedAtMs = 0;
  size = 0;

  constructor(readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      this.arrivals.push({ bytes, atMs: nowMs() });
      this.size += bytes.length;
    });
    socket.on('end', () => this.end('FIN'));
    socket.on('error', () => this.end('RST'));
    // A socket that a full close catches between two events.
    socket.on('close', () => this.end('RST'));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.arrivals.map((one) => one.bytes));
  }

  get text(): string {
    return this.bytes.toString('latin1');
  }

  get open(): boolean {
    return this.ended === undefined;
  }

  /** Returns when it was written. */
  write(what: string | Buffer): number {
    const atMs = nowMs();
    this.socket.write(what);
    return atMs;
  }

  fin(): number {
    const atMs = nowMs();
    this.socket.end();
    return atMs;
  }

  rst(): number {
    const atMs = nowMs();
    this.socket.resetAndDestroy();
    return atMs;
  }

  /** Waits until so many bytes have come in all, and returns when the last of them did. */
  async got(size: number, deadlineMs = 3000): Promise<number> {
    const enough = () => this.size >= size || !this.open;
    await until(`${size} bytes`, enough, deadlineMs, { stepMs: 2, seen: () => `${this.size} bytes` });
    expect(this.size).toBeGreaterThanOrEqual(size);
    let sum = 0;
    for (const { bytes, atMs } of this.arrivals) {
      sum += bytes.length;
      if (sum >= size) return atMs;
    }
    return nowMs();
  }

  async over(deadlineMs = 3000): Promise<number> {
    await until('the connection ends', () => !this.open, deadlineMs, { stepMs: 2, seen: () => `${this.size} bytes` });
    return this.endedAtMs;
  }

  private end(how: 'FIN' | 'RST'): void {
    if (this.ended !== undefined) return;
    this.ended = how;
    this.endedAtMs = nowMs();
  }
}

/** A server at the upstream's place; `accepted` are its peers in order. */
export class Upstream {
  readonly accepted: Peer[] = [];

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {
    server.on('connection', (socket) => this.accepted.push(new Peer(socket)));
  }

  static async start(): Promise<Upstream> {
    const server = createServer({ allowHalfOpen: true });
    return new Upstream(server, await listenAnywhere(server));
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async next(index: number): Promise<Peer> {
    const peer = await until('the upstream accepts', () => this.accepted[index], 3000, { stepMs: 1 });
    return peer as Peer;
  }

  close(): void {
    this.server.close();
    for (const peer of this.accepted) peer.socket.destroy();
  }
}

export async function dial(port: number, host = '127.0.0.1'): Promise<Peer> {
  const socket = connect({ port, host, allowHalfOpen: true });
  const peer = new Peer(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('error', reject);
  });
  return peer;
}

/** A port that nothing listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listenAnywhere(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function listenAnywhere(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
