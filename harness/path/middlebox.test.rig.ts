import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { constants, createGunzip, type Gunzip } from 'node:zlib';
import { HTTPParser } from 'http-parser-js';
import { nowMs, until, waitFor } from '../clock.js';
import type { Address } from '../scenario.js';

/** How a server delimits its answer. `chunked`: where it was asked by HTTP/1.1; `length`: Content-Length. */
export type Framing = 'chunked' | 'always chunked' | 'close' | 'length';

export interface Case {
  readonly name: string;
  readonly framing: Framing;
  readonly headers?: Readonly<Record<string, string>>;
  readonly eventBytes: number;
  readonly events: number;
  readonly acceptEncoding?: string;
  readonly clientHttp?: '1.0' | '1.1';
  /** After the last event: an orderly end, TCP's end without it, or silence until the proxy acts. */
  readonly ends: 'orderly' | 'broken' | 'never';
}

/** How many events the server had sent when the n-th arrived; `end`: with the answer's end; `never`. */
export type Release = number | 'end' | 'never';

export interface Passing {
  readonly status: number | undefined;
  readonly head: Release;
  readonly released: readonly Release[];
  /** `complete`: the last chunk, or the end that a close-delimited answer has. `cut`: the end of TCP before it. `open`: none. */
  readonly end: 'complete' | 'cut' | 'open';
  readonly how: 'FIN' | 'RST' | 'none';
  readonly headers: Readonly<Record<string, string>>;
  readonly asked: string;
  /** After the last event. */
  readonly endedAfterMs: number;
}

/** What is not held back arrives within milliseconds (HAProxy: 200); a machine that is busy may take its time. */
const WAIT_MS = 1500;
const PATIENCE_MS = 10_000;
const COMPARED = [
  'content-type',
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'connection',
  'cache-control',
  'x-accel-buffering',
];

/** What must be the same: the order of things, and no time. */
export function classOf({ status, head, released, end, how, headers, asked }: Passing) {
  const kept = Object.fromEntries(COMPARED.map((name) => [name, headers[name] ?? null]));
  const lines = asked
    .replace(/(\d+\.){3}\d+:\d+/, 'upstream')
    .trim()
    .toLowerCase()
    .split('\r\n')
    .sort();
  return { status, head, released, end, how, ...kept, asked: lines };
}

/** The server sends its next event when the one before has arrived, or was waited for long enough. */
export async function passThrough(one: Case, origin: Origin, at: Address): Promise<Passing> {
  using client = await ask(one, at);
  await until('the server is asked', () => origin.asked !== undefined, PATIENCE_MS);
  let headAt: Release = 'never';
  const released: Release[] = Array.from({ length: one.events }, () => 'never');
  const look = (when: Release) => {
    if (headAt === 'never' && client.status !== undefined) headAt = when;
    for (let n = 0; n < one.events; n++) if (released[n] === 'never' && client.has(n)) released[n] = when;
  };
  await waitFor(() => client.status !== undefined, WAIT_MS);
  look(0);
  for (let n = 0; n < one.events; n++) {
    origin.send(n);
    await waitFor(() => client.has(n), WAIT_MS, { stepMs: 5 });
    look(n + 1);
  }
  const silentSince = nowMs();
  if (one.ends !== 'never') origin.end(one.ends);
  await waitFor(() => client.complete || client.how !== 'none', PATIENCE_MS);
  look('end');
  const complete = client.complete || (client.framing === 'close' && client.how === 'FIN');
  return {
    status: client.status,
    head: headAt,
    released,
    end: complete ? 'complete' : client.how === 'none' ? 'open' : 'cut',
    how: client.how,
    headers: client.headers,
    asked: origin.asked ?? '',
    endedAfterMs: (client.endedAtMs ?? nowMs()) - silentSince,
  };
}

export type Origin = Awaited<ReturnType<typeof startOrigin>>;

export async function startOrigin({ framing, headers = {}, eventBytes, events }: Case) {
  let asked: string | undefined;
  let socket: Socket | undefined;
  let chunked = false;
  const text = (n: number) => `id: ${n}\ndata: ${String(n).padStart(Math.max(1, eventBytes - 16), 'x')}\n\n`;
  const server = createServer((one) => {
    let head = '';
    one.on('error', () => {});
    one.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (asked !== undefined || !head.includes('\r\n\r\n')) return;
      asked = head;
      socket = one;
      chunked = framing === 'always chunked' || (framing === 'chunked' && !/HTTP\/1\.0\r\n/.test(head));
      const total = Array.from({ length: events }, (_, n) => text(n).length).reduce((sum, size) => sum + size, 0);
      const lines = [
        'HTTP/1.1 200 OK',
        ...Object.entries({ 'Content-Type': 'text/event-stream', ...headers }).map(
          ([name, value]) => `${name}: ${value}`,
        ),
        ...(chunked
          ? ['Transfer-Encoding: chunked']
          : framing === 'length'
            ? [`Content-Length: ${total}`]
            : ['Connection: close']),
      ];
      one.write(`${lines.join('\r\n')}\r\n\r\n`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    get asked() {
      return asked;
    },
    send(n: number) {
      const body = text(n);
      socket?.write(chunked ? `${body.length.toString(16)}\r\n${body}\r\n` : body);
    },
    end(how: 'orderly' | 'broken') {
      if (chunked && how === 'orderly') socket?.write('0\r\n\r\n');
      if (framing !== 'length') socket?.end();
    },
    [Symbol.asyncDispose]: async () => {
      socket?.destroy();
      server.close();
    },
  };
}

async function ask({ acceptEncoding, clientHttp = '1.1' }: Case, { host, port }: Address) {
  const socket = connect({ host, port });
  let status: number | undefined;
  let complete = false;
  let how: 'FIN' | 'RST' | 'none' = 'none';
  let endedAtMs: number | undefined;
  let text = '';
  let gunzip: Gunzip | undefined;
  const headers: Record<string, string> = {};
  const arrived = new Map<number, number>();
  const take = (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (const [, id] of text.matchAll(/id: (\d+)\ndata: x*\d+\n\n/g))
      if (!arrived.has(Number(id))) arrived.set(Number(id), nowMs());
  };
  /** Unpacking takes its time, and a busy machine's. */
  const whenUnpacked = (then: () => void) => {
    if (!gunzip || gunzip.closed) then();
    else gunzip.once('close', then).end();
  };
  const parser = new HTTPParser(HTTPParser.RESPONSE);
  parser[HTTPParser.kOnHeadersComplete] = (info) => {
    status = info.statusCode;
    for (let i = 0; i < info.headers.length; i += 2)
      headers[info.headers[i]?.toLowerCase() ?? ''] = info.headers[i + 1] ?? '';
    if (headers['content-encoding'] === 'gzip') {
      gunzip = createGunzip({ flush: constants.Z_SYNC_FLUSH });
      gunzip.on('data', take).on('error', () => {});
    }
    return 0;
  };
  parser[HTTPParser.kOnBody] = (chunk, start, length) => {
    const bytes = chunk.subarray(start, start + length);
    if (gunzip) gunzip.write(Buffer.from(bytes));
    else take(bytes);
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    endedAtMs ??= nowMs();
    whenUnpacked(() => {
      if (framing() !== 'close') complete = true;
    });
  };
  const framing = () => (headers['transfer-encoding'] ? 'chunked' : headers['content-length'] ? 'length' : 'close');
  socket.on('data', (chunk) => void parser.execute(chunk));
  const ended = (kind: 'FIN' | 'RST') => {
    endedAtMs ??= nowMs();
    whenUnpacked(() => {
      if (how === 'none') how = kind;
    });
  };
  socket.on('end', () => ended('FIN')).on('error', () => ended('RST'));
  await once(socket, 'connect');
  const encoding = acceptEncoding ? `Accept-Encoding: ${acceptEncoding}\r\n` : '';
  socket.write(`GET /events HTTP/${clientHttp}\r\nHost: example.test\r\nAccept: text/event-stream\r\n${encoding}\r\n`);
  return {
    get status() {
      return status;
    },
    get complete() {
      return complete;
    },
    get how() {
      return how;
    },
    get endedAtMs() {
      return endedAtMs;
    },
    get framing() {
      return framing();
    },
    headers,
    has: (n: number) => arrived.has(n),
    at: (n: number) => arrived.get(n),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
