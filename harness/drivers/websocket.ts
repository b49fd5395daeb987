import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import WebSocket from 'ws';
import { nowMs, waitFor } from '../clock.js';
import type { Observer, Record_, Slot, Target } from '../contract.js';
import { messageOf } from '../errors.js';
import type { ReceivedMessage, Refusal, Session, SessionEnd, SessionOptions } from '../scenario.js';
import { heartbeatAnswer } from './engine-io.js';

/** Larger than any message a scenario waits for: a target's flood must not be cut by our own limit. */
const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024;

/** Enough that a server which waits for some payload sees some. */
const HEAD_PAYLOAD_BYTES = 1024;

interface Tools {
  readonly target: Target;
  readonly record: Record_;
  readonly observer: Observer;
}

/**
 * Opens one WebSocket session to a target's server through `to`. Over TLS the gate sees only bytes, so there the
 * session records the frames itself: its decoded events are the wire (DESIGN section 3).
 */
export function openWebSocket(
  options: SessionOptions,
  { target, record, observer }: Tools,
): Promise<Session | Refusal> {
  const slots = [
    ...(options.slots ?? (target.auth ? [target.auth] : [])),
    ...(options.bare || !target.subscribe ? [] : [target.subscribe]),
  ];
  const url = urlFor(target, options, slots);
  const secure = url.protocol === 'wss:';
  const startedMs = nowMs();
  let wire: Socket | undefined;
  const socket = new WebSocket(url, subprotocols(slots), {
    headers: headersOf(slots),
    perMessageDeflate: options.compress ?? false,
    handshakeTimeout: options.openTimeoutMs ?? 10_000,
    maxPayload: MAX_PAYLOAD_BYTES,
    followRedirects: false,
    ...(options.origin === undefined ? {} : { origin: options.origin }),
    createConnection: () => {
      wire = dial(options, target, url, secure);
      // The library's own handshakeTimeout does nothing on a socket that it did not make; on open it clears this one.
      wire.setTimeout(options.openTimeoutMs ?? 10_000);
      return wire;
    },
  });
  // The library answers a close frame through this method.
  if (options.deaf) socket.close = () => {};
  // Ours is a correct peer: the library answers pings and close frames by itself.
  const messages: ((message: ReceivedMessage) => void)[] = options.onMessage ? [options.onMessage] : [];
  const pongs: { payload: Buffer; resolve: (atMs: number) => void }[] = [];
  let end: SessionEnd | undefined;
  let closeCode: number | undefined;
  let received = 0;
  let receivedBytes = 0;
  const answer = options.deaf ? undefined : heartbeatAnswer(target);
  let openedAtMs = 0;
  let localPort = 0;
  const note = (opcode: 'text' | 'binary' | 'ping' | 'pong', payload: Buffer) => {
    if (!secure || options.silent) return;
    const facts = opcode === 'text' || opcode === 'binary' ? observer.payload(payload, opcode === 'binary') : undefined;
    record({
      type: 'message',
      gate: options.name,
      conn: 1,
      dir: 'down',
      opcode,
      bytes: payload.length,
      hash: observer.hash(payload),
      ...facts,
    });
  };
  socket.on('message', (raw: WebSocket.RawData, binary: boolean) => {
    const payload = raw as Buffer;
    received += 1;
    receivedBytes += payload.length;
    note(binary ? 'binary' : 'text', payload);
    const reply = answer?.(payload);
    if (reply !== undefined) socket.send(reply, () => {});
    for (const listener of messages) listener({ atMs: nowMs(), payload, binary });
  });
  socket.on('ping', (payload) => note('ping', payload));
  socket.on('pong', (payload) => {
    note('pong', payload);
    const index = pongs.findIndex((waiting) => waiting.payload.equals(payload));
    if (index >= 0) for (const waiting of pongs.splice(index, 1)) waiting.resolve(nowMs());
  });
  socket.on('close', (code) => {
    // 1005 and 1006 are never on the wire: no code, or no close frame at all (RFC 6455 7.4.1).
    closeCode = code === 1006 ? undefined : code;
    end = { atMs: nowMs(), closeCode };
    if (openedAtMs > 0)
      record({ type: 'session', name: options.name, what: 'end', ...(closeCode === undefined ? {} : { closeCode }) });
  });

  const session: Session = {
    name: options.name,
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    get openedAtMs() {
      return openedAtMs;
    },
    get localPort() {
      return localPort;
    },
    get extensions() {
      return socket.extensions;
    },
    get end() {
      return end;
    },
    get received() {
      return received;
    },
    get receivedBytes() {
      return receivedBytes;
    },
    get unsentBytes() {
      return socket.bufferedAmount;
    },
    send(payload) {
      if (socket.readyState === WebSocket.OPEN) socket.send(payload, () => {});
    },
    sendFragment(part, last) {
      if (socket.readyState === WebSocket.OPEN) socket.send(part, { fin: last, compress: false }, () => {});
    },
    sendCompressed(deflated) {
      // The library compresses what it sends itself, so the frame is written to its socket: FIN, RSV1, text.
      wire?.write(Buffer.concat([frameHead(0xc1, deflated.length), deflated]));
    },
    sendHead(bytes) {
      wire?.write(Buffer.concat([frameHead(0x81, bytes), Buffer.alloc(HEAD_PAYLOAD_BYTES, 'x')]));
    },
    ping(payload, timeoutMs) {
      const sentMs = nowMs();
      let at: number | undefined;
      if (socket.readyState !== WebSocket.OPEN) return Promise.resolve(undefined);
      pongs.push({
        payload,
        resolve: (atMs) => {
          at = atMs;
        },
      });
      socket.ping(payload, true, () => {});
      return waitFor(() => (at === undefined && end === undefined ? undefined : { at }), timeoutMs, { stepMs: 5 }).then(
        (seen) => (seen?.at === undefined ? undefined : seen.at - sentMs),
      );
    },
    pong() {
      if (socket.readyState === WebSocket.OPEN) socket.pong('holdfast', true, () => {});
    },
    // A deaf session answers no close frame, and may still send one.
    close: (code) => WebSocket.prototype.close.call(socket, code),
    sendRaw(bytes) {
      wire?.write(bytes);
    },
    terminate: () => socket.terminate(),
    ended: (timeoutMs) => waitFor(() => end, timeoutMs),
    onMessage: (listener) => {
      messages.push(listener);
    },
    [Symbol.asyncDispose]: async () => {
      socket.removeAllListeners('message');
      socket.terminate();
    },
  };

  return new Promise((resolve) => {
    let settled = false;
    const refuse = (status: number | undefined, reason: string) => {
      if (settled) return;
      settled = true;
      record({
        type: 'session',
        name: options.name,
        what: 'refused',
        reason,
        ...(status === undefined ? {} : { status }),
      });
      resolve({ refused: true, status, reason });
    };
    socket.on('unexpected-response', (request, response) => {
      refuse(response.statusCode, `HTTP ${response.statusCode}`);
      response.resume();
      request.destroy();
    });
    socket.on('error', (error) => {
      if (settled && openedAtMs > 0)
        record({ type: 'session', name: options.name, what: 'error', reason: messageOf(error) });
      refuse(undefined, messageOf(error));
    });
    socket.on('open', () => {
      settled = true;
      openedAtMs = nowMs();
      localPort = wire?.localPort ?? 0;
      record(
        { type: 'session', name: options.name, what: 'open', status: 101, tookMs: openedAtMs - startedMs },
        openedAtMs,
      );
      for (const slot of slots) if (slot.in === 'message') socket.send(slot.text, () => {});
      resolve(session);
    });
  });
}

/** A frame's head with a length of 64 bits, masked with a zero key (RFC 6455 5.2). */
function frameHead(first: number, bytes: number): Buffer {
  const head = Buffer.alloc(14);
  head.writeUInt8(first, 0);
  head.writeUInt8(0x80 | 127, 1);
  head.writeBigUInt64BE(BigInt(bytes), 2);
  return head;
}

function dial(options: SessionOptions, target: Target, url: URL, secure: boolean) {
  const where = {
    host: options.to.host,
    port: options.to.port,
    ...(options.sourceHost === undefined ? {} : { localAddress: options.sourceHost }),
  };
  if (!secure) return connectTcp(where);
  const name = url.hostname.replace(/^\[|\]$/g, '');
  return connectTls({
    ...where,
    ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }),
    ...(target.insecure ? { rejectUnauthorized: false } : {}),
    ...(target.caFile === undefined ? {} : { ca: readFileSync(target.caFile) }),
    // We dial the gate; the certificate must still be the target's.
    checkServerIdentity: (_, certificate) => (target.insecure ? undefined : checkServerIdentity(name, certificate)),
  });
}

/** The target's own URL: through a gate the Host header must stay what it was. */
function urlFor(target: Target, options: SessionOptions, slots: readonly Slot[]): URL {
  const base =
    target.server?.url ??
    `ws://${options.to.host.includes(':') ? `[${options.to.host}]` : options.to.host}:${options.to.port}`;
  const url = new URL(base);
  const path = new URL(`http://path.invalid${target.path}`);
  if (target.path !== '/' || url.pathname === '') url.pathname = path.pathname;
  // As it was typed: `searchParams` would spell `?streams=a@trade/b` anew, and a signed query must stay what was signed.
  if (url.search === '') url.search = path.search;
  else if (path.search !== '' && path.search !== url.search) url.search += `&${path.search.slice(1)}`;
  for (const slot of slots) {
    if (slot.in !== 'query') continue;
    if (url.searchParams.has(slot.name)) url.searchParams.set(slot.name, slot.value);
    else url.search += `${url.search === '' ? '?' : '&'}${new URLSearchParams([[slot.name, slot.value]])}`;
  }
  return url;
}

function headersOf(slots: readonly Slot[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const slot of slots) {
    if (slot.in === 'header' && slot.name.toLowerCase() !== 'sec-websocket-protocol') headers[slot.name] = slot.value;
  }
  return headers;
}

/** A subprotocol is declared as the header it travels in. */
function subprotocols(slots: readonly Slot[]): string[] {
  return slots.flatMap((slot) =>
    slot.in === 'header' && slot.name.toLowerCase() === 'sec-websocket-protocol' ? slot.value.split(/\s*,\s*/) : [],
  );
}
