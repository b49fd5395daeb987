import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { every } from '../clock.js';

/**
 * The server a lone client meets (CHECKLIST rule 10): any path and query, the first subprotocol offered, a ping every
 * 15 s, a numbered message every 200 ms, numbers from a seeded nine-digit base, replay for whoever presents a number.
 */
export interface ReferenceServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** The number of the newest message. */
  readonly last: number;
  /** A close frame to everybody, as a server that restarts sends it; how many were told. */
  goAway(code: number): number;
  /** Whoever comes from now on is let in, and dropped at once without a word. */
  dropNewcomers(): void;
  /** How many were. */
  readonly dropped: number;
}

const HISTORY = 10_000;
/** The shorter of the usual drain windows, 30-60 s. */
export const CLOSE_TIMEOUT_MS = 30_000;

export async function startReferenceServer(options: {
  readonly base: number;
  readonly pingMs?: number;
  readonly pushMs?: number;
  /** How long a client may leave a close frame unanswered before it is cut off. */
  readonly closeTimeoutMs?: number;
  /** The query parameter or header, or the JSON text's shape, in which a client presents its last id. */
  readonly resumeFrom?: (request: {
    readonly url: URL;
    header(name: string): string | undefined;
  }) => number | undefined;
  readonly resumeMessage?: (text: string) => number | undefined;
}): Promise<ReferenceServer> {
  const http = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('holdfast reference server\n');
  });
  // Its types do not know it.
  const patience = { closeTimeout: options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS };
  const server = new WebSocketServer({
    server: http,
    perMessageDeflate: false,
    ...patience,
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  const sockets = new Set<Socket>();
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  let last = options.base;
  let dropping = false;
  let dropped = 0;
  const text = (seq: number) => JSON.stringify({ type: 'message', seq, data: `message ${seq}` });
  const replay = (client: WebSocket, from: number) => {
    const first = Math.max(from + 1, options.base + 1, last - HISTORY + 1);
    for (let seq = first; seq <= last; seq++) client.send(text(seq));
  };
  server.on('connection', (client, request) => {
    client.on('error', () => {});
    if (dropping) {
      dropped += 1;
      return client.terminate();
    }
    const url = new URL(request.url ?? '/', 'http://reference.invalid');
    const header = (name: string) => {
      const value = request.headers[name.toLowerCase()];
      return typeof value === 'string' ? value : undefined;
    };
    const from = options.resumeFrom?.({ url, header });
    if (from !== undefined) replay(client, from);
    client.on('message', (raw) => {
      const asked = options.resumeMessage?.(raw.toString());
      if (asked !== undefined) replay(client, asked);
    });
  });
  const push = every(options.pushMs ?? 200, () => {
    last += 1;
    for (const client of server.clients) client.send(text(last));
  });
  const ping = every(options.pingMs ?? 15_000, () => {
    for (const client of server.clients) client.ping();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    host: '127.0.0.1',
    port: (http.address() as AddressInfo).port,
    get last() {
      return last;
    },
    get dropped() {
      return dropped;
    },
    dropNewcomers() {
      dropping = true;
    },
    goAway(code) {
      const open = [...server.clients].filter(({ readyState }) => readyState === WebSocket.OPEN);
      for (const client of open) client.close(code);
      return open.length;
    },
    [Symbol.asyncDispose]: async () => {
      push[Symbol.dispose]();
      ping[Symbol.dispose]();
      for (const client of server.clients) client.terminate();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}
