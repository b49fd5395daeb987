import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';
import type { Host, Opening } from '../adapter.js';

// "By default, the client establishes the connection with the HTTP long-polling transport" and then upgrades [Engine.IO
// protocol, revision 4]: packets of one response are joined by \x1e; `2probe` is answered by `3probe`, a waiting poll by
// a noop, and `5` ends the polling.
const SEPARATOR = '\x1e';
const NOOP = '6';
const UPGRADE = '5';
const MOST_WAITING = 1000;
/** engine.io's own limit, maxHttpBufferSize. */
const MAX_POST_BYTES = 1_000_000;

interface Session {
  readonly host: Host;
  readonly waiting: string[];
  poll: ServerResponse | undefined;
  socket: WebSocket | undefined;
}

/** As much of that as a client of the reference server needs until it has its WebSocket. */
export class EnginePolling implements Disposable {
  private readonly sessions = new Map<string, Session>();

  constructor(
    private readonly open: (opening: Opening, send: (message: string | Buffer) => void) => Host | undefined,
  ) {}

  get hosts(): readonly Host[] {
    return [...this.sessions.values()].map(({ host }) => host);
  }

  /** False where the request is none of Engine.IO's. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const path = request.url ?? '';
    if (!/[?&]EIO=4(&|$)/.test(path) || !/[?&]transport=polling(&|$)/.test(path)) return false;
    const sid = sidOf(path);
    const session = sid === undefined ? this.begin(path) : this.sessions.get(sid);
    if (!session) response.writeHead(400).end('{"code":1,"message":"Session ID unknown"}');
    else if (request.method === 'POST') take(session, request, response);
    else {
      session.poll?.end(NOOP);
      session.poll = response;
      flush(session);
    }
    return true;
  }

  /** False where the WebSocket is no upgrade of a session that polls. */
  upgrade(path: string, socket: WebSocket): boolean {
    const sid = sidOf(path);
    const session = sid === undefined ? undefined : this.sessions.get(sid);
    if (!session || sid === undefined) return false;
    socket.on('message', (raw: Buffer, binary) => {
      const text = binary ? '' : raw.toString();
      if (text === '2probe') {
        socket.send('3probe');
        session.poll?.end(NOOP);
        session.poll = undefined;
      } else if (text === UPGRADE) {
        session.socket = socket;
        flush(session);
      } else session.host.receive(raw, binary);
    });
    socket.on('close', () => {
      session.host.close();
      this.sessions.delete(sid);
    });
    return true;
  }

  private begin(path: string): Session | undefined {
    const waiting: string[] = [];
    let session: Session | undefined;
    const host = this.open({ path, subprotocol: undefined }, (message) => {
      waiting.push(message.toString());
      if (waiting.length > MOST_WAITING) waiting.shift();
      if (session) flush(session);
    });
    if (!host) return undefined;
    session = { host, waiting, poll: undefined, socket: undefined };
    // The host's first packet names the session.
    const { sid } = JSON.parse(waiting[0]?.slice(1) ?? '{}') as { readonly sid?: string };
    if (sid !== undefined) this.sessions.set(sid, session);
    return session;
  }

  [Symbol.dispose](): void {
    for (const { host, poll } of this.sessions.values()) {
      host.close();
      poll?.destroy();
    }
    this.sessions.clear();
  }
}

function sidOf(path: string): string | undefined {
  return /[?&]sid=([^&]+)/.exec(path)?.[1];
}

function take({ host }: Session, request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_POST_BYTES) chunks.push(chunk);
  });
  request.on('end', () => {
    if (bytes > MAX_POST_BYTES) {
      response.writeHead(413).end();
      return;
    }
    for (const packet of Buffer.concat(chunks).toString().split(SEPARATOR)) host.receive(Buffer.from(packet), false);
    response.writeHead(200, { 'content-type': 'text/html' }).end('ok');
  });
}

function flush(session: Session): void {
  const { waiting, socket, poll } = session;
  if (waiting.length === 0) return;
  if (socket) for (const packet of waiting.splice(0)) socket.send(packet);
  else if (poll) {
    session.poll = undefined;
    poll.writeHead(200, { 'content-type': 'text/plain; charset=UTF-8' }).end(waiting.splice(0).join(SEPARATOR));
  }
}
