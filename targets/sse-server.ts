/**
 * The resilient SSE server: one feed of numbered events to everyone, on any path. It beats, goes on behind Last-Event-ID, cuts
 * who cannot keep up, lets go of each stream after 80 s, says goodbye. GET /health tells whether it serves, /metrics what it
 * counted; /members is for who has a token.
 * Environment: PORT, HOST, HOLDFAST_SCALE; PUSH_MS (200); QUIET=1 sends nothing by itself; PRESSURE=1 sends 4 MB/s to each;
 * SESSION_LIMIT (500) is what one address may have open; TLS_CERT and TLS_KEY are files, and make it speak HTTP/2 as well.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { BRIEF_MS, tokenOf } from './admission';
import { createFeed } from './feed';
import { OpenByAddress } from './limits';
import { counts, observe } from './metrics';
import { scaledMs } from './program';
import { type Behaviour, pushMs, type Reason, resilient, type Stream, send } from './sse-behaviour';

export const meta = { role: 'server', trips: null } as const;

const { PORT = '8080', HOST = '127.0.0.1', QUIET, TLS_CERT, TLS_KEY } = process.env;
const feeding = QUIET !== '1';
/** How long a client that was told goodbye may take to leave. */
const LEAVES_MS = 5_000;

export function startServer(flaw: Partial<Behaviour> = {}, at = { host: HOST, port: Number(PORT) }): void {
  const behaviour: Behaviour = { ...resilient, ...flaw };
  const feed = createFeed(behaviour.first);
  const streams = new Set<Stream>();
  const open = new OpenByAddress();
  let [healthy, draining] = [true, false];

  function join(request: IncomingMessage, response: ServerResponse): void {
    const stream: Stream = { request, response, body: behaviour.body(request, response) };
    if (!behaviour.chunked) response.removeHeader('transfer-encoding');
    response.writeHead(200, { ...ownConnection(request), ...behaviour.headers, ...behaviour.cors(request) });
    if (behaviour.flushes) response.flushHeaders();
    open.hold(response, request.socket.remoteAddress);
    counts.active += 1;
    counts.connects += 1;
    const { url = '', headers } = request;
    const timers = [endAfter(stream, behaviour.lifetimeMs(), 'lifetime')];
    if (behaviour.endsWithToken && tokenOf(url, headers.authorization) === 'brief')
      timers.push(setTimeout(end, BRIEF_MS, stream, 'token expired'));
    for (const one of [response, stream.body]) one.on('error', () => {}); // The close says enough.
    response.once('close', () => {
      for (const timer of timers) clearTimeout(timer);
      if (behaviour.uncounts(stream.body.writableEnded)) counts.active -= 1;
      behaviour.left(stream, () => streams.delete(stream));
    });
    behaviour.welcome(stream);
    if (stream.body.writableEnded) return;
    const retryMs = behaviour.retryMs();
    if (retryMs !== null) stream.body.write(`retry: ${retryMs}\n\n`);
    for (const text of missedSince(behaviour.cursorOf(request))) send(stream, text);
    streams.add(stream); // Live from here: the replay came wholly before.
  }

  function missedSince(cursor: string | undefined): string[] {
    if (cursor === undefined) return [];
    counts.resumed += 1;
    const missed = feed.since(cursor);
    if (missed === undefined) return behaviour.reset === '' ? [] : [behaviour.reset];
    return behaviour.replays ? missed.map(behaviour.form) : [];
  }

  function end(stream: Stream, why: Reason): void {
    if (stream.body.writableEnded) return;
    behaviour.goodbye(stream, why);
    setTimeout(() => stream.response.destroy(), scaledMs(LEAVES_MS));
  }

  function endAfter(stream: Stream, ms: number | null, why: Reason): NodeJS.Timeout | undefined {
    return ms === null ? undefined : setTimeout(end, scaledMs(ms), stream, why);
  }

  async function farewell(): Promise<void> {
    const leaving = [...streams];
    const gapMs = scaledMs(behaviour.drainMs) / leaving.length;
    for (const [i, stream] of leaving.entries()) setTimeout(end, i * gapMs, stream, 'shutdown');
    while (leaving.some((stream) => streams.has(stream))) await sleep(20);
  }

  async function stop(): Promise<void> {
    draining = behaviour.admitsMs === 0;
    healthy = !draining && !behaviour.failsHealthFirst;
    await farewell();
    await sleep(scaledMs(behaviour.admitsMs));
    [healthy, draining] = [false, true];
    await farewell();
    http.close();
    if (behaviour.exits) process.exit(0);
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = '', method } = request;
    const say = (status: number, headers: OutgoingHttpHeaders = {}) =>
      response.writeHead(status, { ...ownConnection(request), ...headers }).end();
    const later = { 'retry-after': `${1 + Math.floor(3 * Math.random())}` };
    if (url === '/metrics') response.end(behaviour.metrics());
    else if (url === '/health') say(healthy ? 200 : 503);
    else if (method !== 'GET') say(405, { allow: 'GET' });
    else if (draining) say(503, later);
    else if (!behaviour.admits(request)) say(...behaviour.refusal(request));
    else if (open.of(request.socket.remoteAddress) >= behaviour.sessionLimit) say(429, later);
    else
      behaviour.queues(
        request,
        () => join(request, response),
        () => say(503, later),
      );
  }

  const headMs = scaledMs(behaviour.handshakeMs);
  const limits = { headersTimeout: headMs, requestTimeout: headMs, connectionsCheckingInterval: 1_000 };
  const tls = TLS_CERT && TLS_KEY ? { cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) } : undefined;
  const http =
    tls === undefined
      ? createServer(limits, answer)
      : behaviour.http2
        ? createSecureServer({ ...tls, allowHTTP1: true }, answer as (request: unknown, response: unknown) => void)
        : createHttpsServer({ ...tls, ...limits }, answer);
  if ('httpAllowHalfOpen' in http) http.httpAllowHalfOpen = !behaviour.endsHalfOpen;
  http.listen({ ...at, backlog: 4096 }, () => console.log(JSON.stringify(http.address())));

  setInterval(() => streams.forEach((stream) => void behaviour.beat(stream, feeding)), scaledMs(behaviour.beatMs));
  const push = () => {
    const start = performance.now();
    behaviour.deliver(behaviour.form(feed.push()), streams);
    observe((performance.now() - start) / 1_000);
  };
  if (feeding) setInterval(push, pushMs);
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

/** A connection of HTTP/1.1 carries one answer, and ends with it; one of HTTP/2 carries many. */
function ownConnection({ httpVersionMajor }: IncomingMessage): OutgoingHttpHeaders {
  return httpVersionMajor === 1 ? { connection: 'close' } : {};
}

if (require.main === module) startServer();
