import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { nowMs } from '../clock.js';

/** What becomes of a request to upgrade (CHECKLIST, no-fallback); `open` lets it pass. */
export type UpgradeMode = 'open' | 'refused' | 'stripped' | 'reset' | 'unanswered' | 'mute';

/** A request as it came, and what was answered to one that was no upgrade. */
export interface Passage {
  readonly atMs: number;
  readonly upgrade: boolean;
  /** Blocked, since the mode was not `open`. */
  readonly blocked: boolean;
  /** The answer is a stream of events. */
  eventStream: boolean;
}

/** A proxy that knows HTTP and no WebSocket: everything else passes as it is, bytes at once. */
export interface UpgradeBlock extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  mode: UpgradeMode;
  readonly passages: readonly Passage[];
  /** Every piece of an answer's body, whatever was asked. */
  onBody(listener: (text: string, atMs: number) => void): void;
}

const FORBIDDEN = 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
/** What is appended to a key, RFC 6455 section 1.3. */
const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export async function openUpgradeBlock(upstream: {
  readonly host: string;
  readonly port: number;
}): Promise<UpgradeBlock> {
  const passages: Passage[] = [];
  const listeners: ((text: string, atMs: number) => void)[] = [];
  const sockets = new Set<Duplex>();
  let mode: UpgradeMode = 'open';
  const keep = (socket: Duplex) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const pass = (upgrade: boolean): Passage => {
    const passage = { atMs: nowMs(), upgrade, blocked: upgrade && mode !== 'open', eventStream: false };
    passages.push(passage);
    return passage;
  };

  const relay = (request: IncomingMessage, response: ServerResponse) => {
    const passage = pass(false);
    const { method = 'GET', url: path = '/', rawHeaders: headers } = request;
    const onward = send({ ...upstream, method, path, headers: [...headers], agent: false }, (answer) => {
      passage.eventStream = answer.headers['content-type']?.startsWith('text/event-stream') ?? false;
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      response.flushHeaders();
      answer.on('data', (chunk: Buffer) => {
        for (const listener of listeners) listener(chunk.toString('utf8'), nowMs());
      });
      answer.pipe(response);
      answer.on('close', () => answer.complete || response.destroy());
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  };

  const upgrade = (request: IncomingMessage, socket: Duplex, early: Buffer) => {
    pass(true);
    if (mode === 'open') splice(request, socket, early, () => true);
    else if (mode === 'stripped') splice(request, socket, early, (name) => !/^(upgrade|connection)$/i.test(name));
    else if (mode === 'refused') socket.end(FORBIDDEN);
    else if (mode === 'reset') (socket as Socket).resetAndDestroy();
    else {
      if (mode === 'mute') socket.write(acceptance(request));
      socket.resume();
    }
  };

  const splice = (request: IncomingMessage, socket: Duplex, early: Buffer, kept: (header: string) => boolean) => {
    const onward = connect(upstream);
    keep(onward);
    onward.write(`${headOf(request, kept)}\r\n`);
    onward.write(early);
    socket.pipe(onward).pipe(socket);
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
  };

  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 }, relay);
  server.on('connection', keep).on('upgrade', upgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    passages,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
    },
    onBody: (listener) => void listeners.push(listener),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function headOf({ method, url, rawHeaders }: IncomingMessage, kept: (header: string) => boolean): string {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (kept(name)) lines.push(`${name}: ${rawHeaders[i + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** Any WebSocket client takes this for an open connection; nothing will ever come over it. */
function acceptance({ headers }: IncomingMessage): string {
  const key = createHash('sha1').update(`${headers['sec-websocket-key']}${MAGIC}`).digest('base64');
  const protocol = headers['sec-websocket-protocol']?.split(',')[0]?.trim();
  const asked = protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n${asked}\r\n`;
}
