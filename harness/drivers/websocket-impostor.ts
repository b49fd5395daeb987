import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { listenOnLoopback } from '../loopback.js';
import { HeadReader, type HttpHead } from '../path/http-head.js';
import { FrameWalker } from '../path/websocket-frames.js';
import { plainAnswer } from './plain-answer.js';

/** How the handshake is answered: rightly, or with one thing wrong. */
export type Answer = 'right' | 'status 200' | 'wrong accept' | 'unasked subprotocol';

/**
 * A server that answers a WebSocket handshake wrongly and goes on as if it had been right: it sends a ping and a message,
 * and keeps what comes back. Only a client that took the answer for a WebSocket has anything to say to those.
 */
export interface Impostor extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** One for each handshake that was answered. */
  readonly seen: readonly Seen[];
}

export interface Seen {
  ponged: boolean;
  /** Data messages of the client, from their first byte. */
  said: number;
  closeCode: number | null;
  /** The client has ended TCP. */
  ended: boolean;
}

/** RFC 6455 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const WRONG_ACCEPT = Buffer.alloc(20, 'holdfast').toString('base64');
const UNASKED = 'holdfast-unasked';
const MESSAGE = Buffer.from('{"type":"message","seq":1,"data":"from an impostor"}');
const PING = Buffer.from('impostor');
const TEXT_FRAME = 0x81;
const PING_FRAME = 0x89;

export async function startImpostor(answer: Answer): Promise<Impostor> {
  const seen: Seen[] = [];
  const server = createServer({ allowHalfOpen: false, noDelay: true }, (socket) => {
    listen(socket, answer, seen);
  });
  return { ...(await listenOnLoopback(server)), seen };
}

function listen(socket: Socket, answer: Answer, seen: Seen[]): void {
  const reader = new HeadReader();
  let walker: FrameWalker | undefined;
  const facts: Seen = { ponged: false, said: 0, closeCode: null, ended: false };
  const take = (bytes: Buffer) => {
    try {
      if (walker) return walker.push(bytes);
      const read = reader.push(bytes);
      if (!read) return;
      const key = read.head.headers.get('sec-websocket-key');
      if (key === undefined) return void socket.end(plainly(read.head));
      walker = walkerOf(facts);
      seen.push(facts);
      socket.write(headOf(answer, key, read.head));
      socket.write(Buffer.concat([frame(PING_FRAME, PING), frame(TEXT_FRAME, MESSAGE)]));
      walker.push(read.rest);
    } catch {
      // What is neither a head nor frames is not the WebSocket protocol: nothing has been taken for one.
    }
  };
  socket.on('data', take);
  socket.on('close', () => {
    facts.ended = true;
  });
}

function walkerOf(facts: Seen): FrameWalker {
  return new FrameWalker(true, false, {
    control(opcode, payload) {
      if (opcode === 'pong' && payload.equals(PING)) facts.ponged = true;
      if (opcode === 'close') facts.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
    },
    data(_opcode, _piece, _compressed, last) {
      if (last) facts.said += 1;
    },
  });
}

/** As the reference server has it, so that whoever asks something else first goes on to ask for a session here too. */
function plainly({ startLine }: HttpHead): string {
  const { type, body } = plainAnswer(startLine.split(' ')[1] ?? '');
  const head = ['HTTP/1.1 200 OK', `Content-Type: ${type}`, `Content-Length: ${body.length}`, 'Connection: close'];
  return [...head, '', body].join('\r\n');
}

/** Everything else is as it must be, so that only one thing can be the reason of a refusal. */
function headOf(answer: Answer, key: string, { headers }: HttpHead): string {
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  const offered = headers.get('sec-websocket-protocol')?.split(',')[0]?.trim();
  const subprotocol = answer === 'unasked subprotocol' ? UNASKED : offered;
  return [
    // A body of no bytes: who reads it as plain HTTP is done with it at once.
    ...(answer === 'status 200' ? ['HTTP/1.1 200 OK', 'Content-Length: 0'] : ['HTTP/1.1 101 Switching Protocols']),
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${answer === 'wrong accept' ? WRONG_ACCEPT : accept}`,
    ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
    '\r\n',
  ].join('\r\n');
}

/** Of a server: not masked. */
function frame(first: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([first, payload.length]), payload]);
}
