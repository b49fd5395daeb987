import { createServer, type Socket } from 'node:net';
import { nowMs } from '../clock.js';
import { listenOnLoopback } from '../loopback.js';
import { HeadReader } from '../path/http-head.js';

/** A server that sends exactly the bytes it is told to, one packet a call, on streams of events that it cuts when it is told to. */
export interface ScriptedServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** One for each request, oldest first. */
  readonly streams: readonly ScriptedStream[];
}

export interface ScriptedStream {
  /** As they came, byte by byte: `Last-Event-ID` holds UTF-8. */
  readonly target: string;
  header(name: string): Buffer | undefined;
  readonly openedAtMs: number;
  /** The client has ended it. */
  readonly gone: boolean;
  /** The next bytes of the body, as an HTTP chunk and a packet of its own. */
  write(bytes: Buffer | string): void;
  /** The body's orderly end: its last chunk, and FIN. */
  end(): void;
  /** FIN in the middle of the body. A reset would take with it what the client has not read yet. */
  drop(): void;
}

const HEAD = [
  'HTTP/1.1 200 OK',
  'Content-Type: text/event-stream',
  'Cache-Control: no-cache, no-transform',
  'Access-Control-Allow-Origin: *',
  'Transfer-Encoding: chunked',
  '\r\n',
].join('\r\n');
const LAST_CHUNK = '0\r\n\r\n';

export async function startScriptedServer(): Promise<ScriptedServer> {
  const streams: ScriptedStream[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    const reader = new HeadReader();
    let isOpen = false;
    socket.on('data', (bytes: Buffer) => {
      if (isOpen) return;
      try {
        const read = reader.push(bytes);
        if (!read) return;
        isOpen = true;
        streams.push(streamOn(socket, read.head));
      } catch {
        // Not HTTP: for nobody that streams are written for.
        socket.destroy();
      }
    });
  });
  return { ...(await listenOnLoopback(server)), streams };
}

function streamOn(
  socket: Socket,
  { startLine, headers }: { readonly startLine: string; readonly headers: ReadonlyMap<string, string> },
): ScriptedStream {
  const [, target = '/'] = startLine.split(' ');
  socket.write(HEAD);
  return {
    target,
    openedAtMs: nowMs(),
    header(name) {
      const value = headers.get(name.toLowerCase());
      return value === undefined ? undefined : Buffer.from(value, 'latin1');
    },
    get gone() {
      return socket.destroyed || socket.readableEnded;
    },
    write(bytes) {
      const body = Buffer.from(bytes as string);
      const chunk = [`${body.length.toString(16)}\r\n`, body, '\r\n'].map((part) => Buffer.from(part as string));
      if (socket.writable) socket.write(Buffer.concat(chunk));
    },
    end: () => void socket.end(LAST_CHUNK),
    drop: () => void socket.end(),
  };
}
