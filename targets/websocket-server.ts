/**
 * The resilient WebSocket server: one feed of numbered messages to everyone, on any path. It beats, notices the dead, resumes
 * at `?last=N`, cuts who cannot keep up, answers {"type":"echo"} and {"type":"order"}, says goodbye. GET /health tells
 * whether it serves, /metrics what it counted; /members is for who has a token.
 * Environment: PORT, HOST, HOLDFAST_SCALE; PUSH_MS (200); QUIET=1 sends nothing by itself; PRESSURE=1 sends 4 MB/s to each;
 * SESSION_LIMIT (500) is what one address may have open.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { BRIEF_MS, isForeign, tokenOf } from './admission';
import { EventStreams } from './event-fallback';
import { createFeed, pressing } from './feed';
import { OpenByAddress, withinRate } from './limits';
import { counts, observe } from './metrics';
import { Orders } from './orders';
import { scaledMs } from './program';
import { type Behaviour, resilient, type Session, send } from './websocket-behaviour';

export const meta = { role: 'server', trips: null } as const;

const RESET = JSON.stringify({ event: 'reset', reason: 'cursor unknown or too old' });
const { PORT = '8080', HOST = '127.0.0.1', PUSH_MS = '200', QUIET } = process.env;
const feeding = QUIET !== '1';

function answerTo(raw: RawData, orders: Orders, forgives: boolean): string | undefined {
  if (!Buffer.isBuffer(raw) || raw.length > 64 * 1024) return undefined;
  try {
    const { type, id, text } = JSON.parse(raw.toString());
    if (type === 'order') return orders.answer(String(id).slice(0, 64));
    return type === 'echo' ? JSON.stringify({ type, id, text }) : undefined;
  } catch (error) {
    if (!forgives) throw error;
    return undefined; // Not JSON, or null: nothing for us.
  }
}

export function startServer(flaw: Partial<Behaviour> = {}, at = { host: HOST, port: Number(PORT) }): void {
  const { autoPong, maxPayload, deliver, form, first, ...behaviour }: Behaviour = { ...resilient, ...flaw };
  const feed = createFeed(first);
  const orders = new Orders(10_000, behaviour.executesOnce);
  const sessions = new Map<WebSocket, Session>();
  const open = new OpenByAddress();
  const events = new EventStreams();
  let [healthy, draining] = [true, false];

  // ws destroys a socket whose close is not answered within closeTimeout.
  const patience = { closeTimeout: scaledMs(5_000), autoPong, maxPayload };
  const perMessageDeflate = { threshold: 1024, serverNoContextTakeover: true, clientNoContextTakeover: true };
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate, ...patience });

  function join(socket: WebSocket, request: IncomingMessage): void {
    const { url = '', socket: tcp } = request;
    // ws answers a close frame by this method, which it calls when the frame has come.
    if (!behaviour.answersClose) socket.close = () => void tcp.end();
    const session: Session = { socket, awaitsPong: false, heardAtMs: null };
    const heard = () => Object.assign(session, { awaitsPong: false, heardAtMs: Date.now() });
    socket.on('ping', heard).on('pong', heard).on('message', heard);
    const inTime = withinRate(behaviour.messageLimit);
    socket.on('message', (raw) => {
      if (!inTime()) return behaviour.overLimit(socket);
      const start = performance.now();
      const answer = answerTo(raw, orders, behaviour.forgives);
      if (answer !== undefined) deliver(answer, [socket]);
      counts.received += 1;
      observe((performance.now() - start) / 1_000);
    });
    open.hold(socket, tcp.remoteAddress);
    socket.on('close', (code) => {
      sessions.delete(socket);
      if (behaviour.uncounts(code)) counts.active -= 1;
    });
    socket.on('error', () => {}); // ws sends the right code by itself.
    if (behaviour.endsWithToken && tokenOf(url) === 'brief')
      setTimeout(() => socket.close(4401, 'token expired'), BRIEF_MS);
    behaviour.welcome(session, request);
    counts.active += 1;
    counts.connects += 1;
    for (const text of missedSince(url)) send(socket, text);
    sessions.set(socket, session); // Live from here: the replay came wholly before.
  }

  function missedSince(url: string): string[] {
    const cursor = new URLSearchParams(url.split('?')[1]).get('last');
    if (cursor === null) return [];
    counts.resumed += 1;
    const missed = feed.since(cursor);
    if (missed === undefined) return behaviour.resets ? [RESET] : [];
    return behaviour.replays ? missed.map((message) => JSON.stringify(form(message))) : [];
  }

  async function farewell(): Promise<void> {
    const leaving = [...sessions.keys()];
    const gapMs = scaledMs(behaviour.drainMs) / leaving.length;
    for (const [i, socket] of leaving.entries()) setTimeout(behaviour.goodbye, i * gapMs, socket);
    while (leaving.some((socket) => sessions.has(socket))) await sleep(20);
  }

  async function stop(): Promise<void> {
    draining = behaviour.admitsMs === 0;
    healthy = !draining && !behaviour.failsHealthFirst;
    await farewell();
    await sleep(scaledMs(behaviour.admitsMs));
    [healthy, draining] = [false, true];
    events.end();
    await farewell();
    http.close();
    if (behaviour.exits) process.exit(0);
  }

  const headMs = scaledMs(behaviour.handshakeMs);
  const limits = { headersTimeout: headMs, requestTimeout: headMs };
  const http = createServer({ ...limits, connectionsCheckingInterval: 1_000 }, (request, response) => {
    const { url = '', headers } = request;
    if (url === '/metrics') return response.end(behaviour.metrics());
    const welcome = !draining && behaviour.admits(request) && !(behaviour.checksOrigin && isForeign(request));
    if (headers.accept === 'text/event-stream' && welcome) return events.join(response, missedSince(url));
    response.writeHead(url !== '/health' ? 404 : healthy ? 200 : 503).end();
  });
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const refusal = draining
      ? '503 Service Unavailable'
      : behaviour.checksOrigin && isForeign(request)
        ? '403 Forbidden'
        : !behaviour.admits(request)
          ? behaviour.refusal(request)
          : open.of(request.socket.remoteAddress) >= behaviour.sessionLimit
            ? '429 Too Many Requests'
            : null;
    const refuse = (status: string) => {
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    };
    const next = () => (refusal ? refuse(refusal) : webSockets.handleUpgrade(request, socket, head, join));
    behaviour.queues(request.socket, next, () => refuse('503 Service Unavailable'));
  });
  http.listen({ ...at, backlog: 4096 }, () => console.log(JSON.stringify(http.address())));

  setInterval(() => sessions.forEach((session) => void behaviour.beat(session, feeding)), scaledMs(20_000));
  setInterval(() => events.beat(), scaledMs(20_000));
  const push = () => {
    const text = JSON.stringify(form(feed.push()));
    deliver(text, sessions.keys());
    events.send(text);
  };
  if (feeding) setInterval(push, pressing ? 16 : Number(PUSH_MS));
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

if (require.main === module) startServer();
