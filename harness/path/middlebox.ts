import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type HeaderInfo, HTTPParser } from 'http-parser-js';
import { after, nowMs } from '../clock.js';
import { whyEndless } from './endless-line.js';
import { Answer } from './middlebox-answer.js';
import { AnswerCache } from './middlebox-cache.js';
import { errorPage } from './middlebox-pages.js';
import type { ProxySettings } from './proxy-profiles.js';
import { isEventStream } from './sse-tap.js';

/** A request that went through, and what the proxy did to its answer. */
export interface Passage {
  readonly atMs: number;
  /** Bytes of the answer's body that came from the server, and those that the client was sent. */
  inBytes: number;
  outBytes: number;
  /** When its idle timeout ended the answer. */
  cutAtMs: number | undefined;
  /** The status of an error page that the client got: in place of an answer, or in the midst of one. */
  page: number | undefined;
  fromCache: boolean;
  /** A stream of events that was asked for by GET, as an EventSource does: the answer to a login's POST may be one of a single event. */
  eventStream: boolean;
}

/**
 * An HTTP/1.1 proxy of ours that treats streams as nginx, HAProxy or Cloudflare do with these settings, as far as
 * middlebox.test.ts compares it with real ones.
 *
 *   client <-- cork <-- gzip <-- full buffers <-- decoded body <-- server
 */
export interface Middlebox extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly passages: readonly Passage[];
  /** While it is set, every request gets this error page and none reaches the server. */
  page: number | undefined;
  /** Its idle timeout for every stream that is between two events, as if the time had passed; how many those were. */
  timeOut(): number;
}

interface Upstream {
  readonly host: string;
  readonly port: number;
}

/** What a proxy says for itself on either side (RFC 9110, 7.6.1), and what nginx keeps. */
const OWN_IN_REQUEST = /^(connection|keep-alive|upgrade|expect|transfer-encoding|content-length|te|host)$/i;
const OWN_IN_ANSWER = /^(connection|keep-alive|transfer-encoding)$/i;
const HIDDEN_BY_NGINX = /^(date|server|x-pad|x-accel-.*)$/i;

/** What a cache keeps of one answer, which may have no end. */
const MAX_STORED_BYTES = 16 * 1024 * 1024;

export async function openMiddlebox(options: {
  readonly upstream: Upstream;
  readonly settings: ProxySettings;
}): Promise<Middlebox> {
  const { upstream, settings } = options;
  const passages: Passage[] = [];
  const sockets = new Set<Socket>();
  const cache = new AnswerCache();
  const idling = new Map<() => void, () => boolean>();
  let page: number | undefined;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };

  const relay = async (request: IncomingMessage, response: ServerResponse) => {
    const passage: Passage = {
      atMs: nowMs(),
      inBytes: 0,
      outBytes: 0,
      cutAtMs: undefined,
      page: undefined,
      fromCache: false,
      eventStream: false,
    };
    passages.push(passage);
    if (page !== undefined) {
      passage.page = page;
      errorPage(settings.kind, page).sendTo(response);
      return;
    }
    const stored = settings.cache ? cache.find(request) : undefined;
    if (stored) {
      passage.fromCache = true;
      response.writeHead(stored.status, [...stored.headers]).end(stored.body);
      return;
    }
    // proxy_request_buffering: the server gets a request whole.
    const body = Buffer.concat(await request.toArray());
    if (response.destroyed) return;
    pass(request, response, body, passage);
  };

  const pass = (request: IncomingMessage, response: ServerResponse, body: Buffer, passage: Passage) => {
    const socket = connect(upstream);
    keep(socket);
    let answer: Answer | undefined;
    let over = false;
    const stop = () => {
      over = true;
      idling.delete(idle);
      patience[Symbol.dispose]();
      socket.destroy();
    };
    const instead = (status: number) => {
      stop();
      passage.page = status;
      errorPage(settings.kind, status).sendTo(response);
    };
    const idle = () => {
      passage.cutAtMs = nowMs();
      if (!answer) return instead(settings.kind === 'cloudflare' ? 524 : 504);
      stop();
      if (settings.kind !== 'cloudflare') return answer.cut();
      passage.page = 524;
      answer.end(Buffer.from(errorPage(settings.kind, 524).html));
    };
    let patience = after(settings.readTimeoutMs, idle);
    idling.set(idle, () => answer?.betweenEvents ?? false);

    const parser = new HTTPParser(HTTPParser.RESPONSE);
    let headBytes = 0;
    parser[HTTPParser.kOnHeadersComplete] = (info: HeaderInfo) => {
      const from = new Map(pairs(info.headers).map(([name, value]) => [name.toLowerCase(), value]));
      passage.eventStream = request.method === 'GET' && isEventStream(info.statusCode, from.get('content-type'));
      answer = new Answer({
        response,
        settings,
        status: info.statusCode,
        reason: info.statusMessage,
        headers: forClient(info.headers, settings),
        from,
        headBytes,
        accepts: String(request.headers['accept-encoding'] ?? ''),
        onSent: (bytes) => {
          passage.outBytes += bytes;
        },
      });
      return request.method === 'HEAD' ? 1 : 0;
    };
    const pieces: Buffer[] = [];
    parser[HTTPParser.kOnBody] = (chunk: Buffer, start: number, length: number) => {
      const piece = Buffer.from(chunk.subarray(start, start + length));
      passage.inBytes += length;
      if (answer?.storable && passage.inBytes <= MAX_STORED_BYTES) pieces.push(piece);
      answer?.take(piece);
    };
    parser[HTTPParser.kOnMessageComplete] = () => {
      stop();
      if (answer?.storable && passage.inBytes <= MAX_STORED_BYTES)
        cache.store(request, { ...answer.stored, body: Buffer.concat(pieces) });
      answer?.end();
    };
    socket.on('connect', () => socket.write(Buffer.concat([headFor(request, body, upstream, settings), body])));
    socket.on('data', (chunk) => {
      if (over) return;
      patience[Symbol.dispose]();
      patience = after(settings.readTimeoutMs, idle);
      if (!answer) headBytes += headLength(chunk);
      if (parser.execute(chunk) instanceof Error || whyEndless(parser) !== undefined) ended();
      if (!response.writableNeedDrain) return;
      socket.pause();
      response.once('drain', () => socket.resume());
    });
    const ended = () => {
      if (over) return;
      // Completes an answer that only its end delimits.
      if (answer) parser.finish();
      if (over) return;
      if (!answer) return instead(settings.kind === 'haproxy' && socket.bytesWritten === 0 ? 503 : 502);
      stop();
      answer.cut();
    };
    socket.on('end', ended).on('error', ended);
    socket.on('close', () => patience[Symbol.dispose]());
    // A proxy that keeps answers reads on for its cache.
    response.on('close', () => {
      if (!over && !(answer?.storable ?? false)) stop();
    });
  };

  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 }, (request, response) => {
    relay(request, response).catch(() => response.destroy());
  });
  server.on('connection', keep);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    passages,
    get page() {
      return page;
    },
    set page(status) {
      page = status;
    },
    timeOut() {
      const ready = [...idling].flatMap(([idle, between]) => (between() ? [idle] : []));
      for (const idle of ready) idle();
      return ready.length;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function headFor(
  { method, url, rawHeaders, headers, httpVersion }: IncomingMessage,
  body: Buffer,
  to: Upstream,
  settings: ProxySettings,
): Buffer {
  const isNginx = settings.kind === 'nginx';
  const version = isNginx ? settings.upstreamHttp : httpVersion;
  const lines = [
    `${method} ${url} HTTP/${version}`,
    `Host: ${isNginx ? `${to.host}:${to.port}` : headers.host}`,
    ...(isNginx && settings.connection === 'close' ? ['Connection: close'] : []),
    ...pairs(rawHeaders).flatMap(([name, value]) => (OWN_IN_REQUEST.test(name) ? [] : [`${name}: ${value}`])),
    // HAProxy: `option http-keep-alive`, which HTTP/1.0 has to be told.
    ...(!isNginx && version === '1.0' ? ['Connection: keep-alive'] : []),
    ...(body.length > 0 ? [`Content-Length: ${body.length}`] : []),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function forClient(raw: readonly string[], { kind }: ProxySettings): (readonly [string, string])[] {
  const own: (readonly [string, string])[] = kind === 'nginx' ? [['Server', 'nginx']] : [];
  const kept = pairs(raw).filter(
    ([name]) => !OWN_IN_ANSWER.test(name) && !(kind === 'nginx' && HIDDEN_BY_NGINX.test(name)),
  );
  return [...own, ...kept];
}

function pairs(raw: readonly string[]): (readonly [string, string])[] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? '']);
}

/** Of a first piece: what of it is the head, which takes its place in the first buffer. */
function headLength(chunk: Buffer): number {
  const end = chunk.indexOf('\r\n\r\n');
  return end < 0 ? chunk.length : end + 4;
}
