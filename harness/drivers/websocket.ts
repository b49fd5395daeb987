import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import WebSocket from 'ws';
import { adapterFor, factsOf, type Packet, type Peer } from '../adapter.js';
import { after, nowMs, waitFor } from '../clock.js';
import type { MessageFacts } from '../contract.js';
import { messageOf } from '../errors.js';
import { notRead } from '../lost.js';
import type { SessionTools } from '../protocol.js';
import type { Goodbye, ReceivedMessage, Refusal, Session, SessionEnd, SessionOptions } from '../scenario.js';
import { dial, headersOf, slotsOf, subprotocols, urlFor } from './request.js';
import { logIn } from './subprotocol.js';

/** A message of 64 MiB, as a scenario sends it, may come back. */
const MAX_PAYLOAD_BYTES = 72 * 1024 * 1024;

/** The library has ended the session itself: what came is no wrong frame, but more than it gathers. */
const TOO_MUCH = /^WS_ERR_(UNSUPPORTED_MESSAGE_LENGTH|UNSUPPORTED_DATA_PAYLOAD_LENGTH|TOO_MANY_BUFFERED_PARTS)$/;

const OPEN_MS = 10_000;

/** Enough that a server which waits for some payload sees some. */
const HEAD_PAYLOAD_BYTES = 1024;

/**
 * Opens one WebSocket session to a target's server through `to`. Over TLS the gate sees only bytes, so there the
 * session records the frames itself: its decoded events are the wire (DESIGN section 3).
 */
export function openWebSocket(
  options: SessionOptions,
  { target, record, observer }: SessionTools,
): Promise<Session | Refusal> {
  const slots = slotsOf(options, target);
  const url = urlFor(target, options, slots);
  const { address } = adapterFor({ path: url.pathname, subprotocol: undefined }) ?? {};
  if (address) url.pathname = address(url.pathname);
  const secure = url.protocol === 'wss:';
  const startedMs = nowMs();
  const openMs = options.openTimeoutMs ?? OPEN_MS;
  let wire: Socket | undefined;
  const socket = new WebSocket(url, subprotocols(target, slots), {
    headers: headersOf(slots),
    perMessageDeflate: options.compress ?? false,
    handshakeTimeout: openMs,
    maxPayload: MAX_PAYLOAD_BYTES,
    // We observe: what is none is not our reader's business, and ends no session.
    skipUTF8Validation: true,
    followRedirects: false,
    ...(options.origin === undefined ? {} : { origin: options.origin }),
    createConnection: () => {
      wire = dial(options, target, url, secure);
      // The library's own handshakeTimeout does nothing on a socket that it did not make; on open it clears this one.
      wire.setTimeout(openMs);
      return wire;
    },
  });
  // The library answers a close frame through this method (or tells an error of the peer's, which `error` sorts out).
  let goodbye: Goodbye | undefined;
  socket.close = (code?: number, reason?: string | Buffer) => {
    goodbye ??= { atMs: nowMs(), code, text: String(reason ?? '') };
    if (!options.deaf) WebSocket.prototype.close.call(socket, code, reason);
  };
  // Ours is a correct peer: the library answers pings and close frames by itself.
  const messages: ((message: ReceivedMessage) => void)[] = options.onMessage ? [options.onMessage] : [];
  const pongs: { payload: Buffer; resolve: (atMs: number) => void }[] = [];
  let end: SessionEnd | undefined;
  let unread = false;
  let failure: string | undefined;
  let closeCode: number | undefined;
  let received = 0;
  let receivedBytes = 0;
  let peer: Peer | undefined;
  let upgraded: IncomingMessage | undefined;
  let adapter: string | undefined;
  let openedAtMs = 0;
  let localPort = 0;
  const sendNow = (message: string | Buffer) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(message, () => {});
  };
  const wrap = (payload: string | Buffer) => (peer ? peer.wrap(payload) : payload);
  const note = (facts: MessageFacts) => {
    if (secure && !options.silent) record({ type: 'message', gate: options.name, conn: 1, dir: 'down', ...facts });
  };
  const noteControl = (opcode: 'ping' | 'pong', payload: Buffer) =>
    note({ opcode, bytes: payload.length, hash: observer.hash(payload) });
  socket.on('message', (raw: WebSocket.RawData, binary: boolean) => {
    const payload = raw as Buffer;
    receivedBytes += payload.length;
    const packets = peer?.receive(payload, binary);
    if (secure && !options.silent)
      for (const facts of factsOf(payload, binary, packets, observer))
        note({ opcode: binary ? 'binary' : 'text', ...facts });
    for (const packet of packets ?? [{ kind: 'message', payload } satisfies Packet]) {
      if (packet.kind !== 'message') continue;
      received += 1;
      for (const listener of messages) listener({ atMs: nowMs(), payload: packet.payload, binary });
    }
  });
  socket.on('upgrade', (response) => {
    upgraded = response;
  });
  socket.on('ping', (payload) => noteControl('ping', payload));
  socket.on('pong', (payload) => {
    noteControl('pong', payload);
    const index = pongs.findIndex((waiting) => waiting.payload.equals(payload));
    if (index >= 0) for (const waiting of pongs.splice(index, 1)) waiting.resolve(nowMs());
  });
  socket.on('close', (code) => {
    // 1005 and 1006 are never on the wire: no code, or no close frame at all (RFC 6455 7.4.1).
    closeCode = code === 1006 ? undefined : code;
    end = { atMs: nowMs(), closeCode, unread, failure };
    peer?.close();
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
    get adapter() {
      return adapter;
    },
    get clientDriven() {
      return peer?.clientDriven ?? false;
    },
    get cursor() {
      return peer?.cursor;
    },
    get end() {
      return end;
    },
    retry: undefined,
    get goodbye() {
      return goodbye;
    },
    get received() {
      return received;
    },
    get receivedBytes() {
      return receivedBytes;
    },
    header: (name) => {
      const value = upgraded?.headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    get unsentBytes() {
      return socket.bufferedAmount;
    },
    send(payload) {
      sendNow(wrap(payload));
    },
    wrap,
    sendFragment(part, last) {
      const binary = typeof part !== 'string';
      if (socket.readyState === WebSocket.OPEN) socket.send(part, { fin: last, binary, compress: false }, () => {});
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
    close: (code) => WebSocket.prototype.close.call(socket, code),
    sendRaw(bytes) {
      wire?.write(bytes);
    },
    terminate: () => socket.terminate(),
    abort: () => void (secure ? wire?.destroy() : wire?.resetAndDestroy()),
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
    // Of the whole answer: one byte now and then keeps the socket's own timeout off.
    const patience = after(openMs, () => {
      if (socket.readyState !== WebSocket.CONNECTING) return;
      refuse(undefined, 'Opening handshake has timed out');
      socket.terminate();
    });
    socket.once('open', () => patience[Symbol.dispose]()).once('close', () => patience[Symbol.dispose]());
    socket.on('unexpected-response', (request, response) => {
      refuse(response.statusCode, `HTTP ${response.statusCode}`);
      response.resume();
      request.destroy();
    });
    socket.on('error', (error) => {
      goodbye = undefined;
      failure ??= messageOf(error);
      unread = TOO_MUCH.test((error as NodeJS.ErrnoException).code ?? '');
      if (unread) record(notRead('a message over 72 MiB came, or was announced'));
      if (settled && openedAtMs > 0)
        record({ type: 'session', name: options.name, what: 'error', reason: messageOf(error) });
      refuse(undefined, messageOf(error));
    });
    socket.on('open', () => {
      localPort = wire?.localPort ?? 0;
      const opening = { path: `${url.pathname}${url.search}`, subprotocol: socket.protocol };
      const found = adapterFor(opening);
      const texts = slots.filter((slot) => slot.in === 'message');
      if (!found) {
        for (const { text } of texts) sendNow(text);
        return settle();
      }
      adapter = found.id;
      const leave = (reason: string) => {
        refuse(undefined, reason);
        socket.terminate();
      };
      const joined = logIn(found, { options, target, opening, texts, send: sendNow, settle, leave });
      socket.on('close', () => joined.giveUp[Symbol.dispose]());
      peer = joined.peer;
      peer.open();
    });
    socket.on('close', (code) => refuse(undefined, `closed with code ${code} before the login was answered`));
    const settle = () => {
      if (settled) return;
      settled = true;
      openedAtMs = nowMs();
      record(
        { type: 'session', name: options.name, what: 'open', status: 101, tookMs: openedAtMs - startedMs },
        openedAtMs,
      );
      resolve(session);
    };
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
