/**
 * The resilient WebSocket client: holds a connection to TARGET_URL for ever. It backs off with jitter, heeds what a server asks,
 * notices a silent link, resumes at `?last=<seq>`, drops what it has seen, sends what was not answered again, reports JSON lines.
 * Delays are random in 20-100 % of a ceiling of 2.5 s, doubled to 30 s: a herd cut in one instant needs a first spread of
 * 2 s (8 clients in 0.5-1 s put 5 into the same 100 ms in 17 of 100 outages; in 0.5-2.5 s in 1 of 700).
 */
import { WebSocket } from 'ws';
import { Detour } from './event-fallback';
import { report, scaledMs } from './program';
import { type Behaviour, resilient } from './websocket-client-behaviour';

export const meta = { role: 'client', trips: null } as const;

export function startClient(flaw: Partial<Behaviour> = {}): void {
  const behaviour: Behaviour = { ...resilient, ...flaw };
  const { delayMs, silenceMs, handshakeTimeoutMs, firstSignMs, inbox, outbox } = behaviour;
  const detour = new Detour(firstSignMs);
  let [failures, leaving] = [0, false];
  let socket: WebSocket;

  function connect(): void {
    if (failures > 0) report('retry');
    const url = new URL(process.env.TARGET_URL ?? 'ws://127.0.0.1:8080/');
    if (behaviour.resumes && inbox.cursor !== undefined) url.searchParams.set('last', String(inbox.cursor));
    // ws takes no time for no limit.
    const handshakeTimeout = handshakeTimeoutMs === null ? 0 : scaledMs(handshakeTimeoutMs);
    const patience = { handshakeTimeout, closeTimeout: scaledMs(5_000) };
    const mine = new WebSocket(url, behaviour.subprotocols, { ...patience, ...behaviour.connection(url) });
    socket = mine;
    let openedAtMs: number | undefined;
    let hintMs = 0;
    let status: number | undefined;
    const beat = setInterval(() => mine.readyState === WebSocket.OPEN && behaviour.beat(mine), scaledMs(20_000));
    // ws answers a close frame by this method, which it calls when the frame has come.
    if (!behaviour.answersClose) mine.close = () => {};
    let deadline: NodeJS.Timeout | undefined;
    const alive = () => deadline?.refresh();
    const attempt = detour.attempt(mine, handshakeTimeoutMs);
    mine.on('upgrade', behaviour.answered);
    mine.on('open', () => {
      openedAtMs = Date.now();
      if (silenceMs !== null) deadline = setTimeout(() => mine.terminate(), scaledMs(silenceMs));
      mine.ping(); // Its pong is the first sign of life.
      report('open');
      outbox.opened(mine);
    });
    mine.on('open', alive).on('ping', alive).on('pong', alive).on('message', alive);
    mine.on('message', (raw) => {
      outbox.answer(raw.toString());
      if (!inbox.take(raw.toString())) behaviour.misunderstood(mine);
    });
    mine.on('unexpected-response', (_request, response) => {
      status = response.statusCode;
      hintMs = behaviour.askedMs(status, response.headers['retry-after']);
      mine.terminate();
    });
    mine.on('error', behaviour.onError);
    mine.on('close', (code) => {
      clearInterval(beat);
      clearTimeout(deadline);
      if (openedAtMs !== undefined) report('close');
      outbox.giveUp();
      if (leaving) process.exit(0);
      if (openedAtMs !== undefined && Date.now() - openedAtMs >= scaledMs(behaviour.stableMs)) failures = 0;
      if (code === 1013) hintMs = scaledMs(behaviour.overloadMs);
      const again = () => {
        const delay = delayMs(failures++, { code, status });
        if (delay !== null) setTimeout(connect, Math.max(0, hintMs) + scaledMs(delay));
      };
      if (!attempt.isBlocked(status)) return again();
      void detour
        .follow(url, silenceMs ?? 1e6, (text) => inbox.take(text))
        .then((carried) => {
          if (carried) failures = 0;
          again();
        });
    });
  }

  function leave(): void {
    leaving = true;
    if (socket.readyState === WebSocket.CLOSED || !behaviour.answersClose) process.exit(0);
    socket.close(1000);
  }

  process.once('SIGTERM', leave).once('SIGINT', leave);
  const chunk = Buffer.alloc(65_536, 'x');
  const press = () => socket.readyState === WebSocket.OPEN && behaviour.upload(socket, chunk);
  if (process.env.PRESSURE === '1') setInterval(press, scaledMs(32)); // 2 MB/s.
  setInterval(() => outbox.post(socket), scaledMs(1_000)); // The application goes on, connected or not.
  connect();
}

if (require.main === module) startClient();
