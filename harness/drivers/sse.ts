import { type ClientRequest, type IncomingMessage, request as send } from 'node:http';
import type { Socket } from 'node:net';
import { after, nowMs, waitFor } from '../clock.js';
import type { MessageFacts } from '../contract.js';
import { messageOf } from '../errors.js';
import { notRead } from '../lost.js';
import { EventStreamReader, factsOfPart, type StreamPart } from '../path/event-stream.js';
import { decoderOf, isEventStream } from '../path/sse-tap.js';
import type { SessionTools } from '../protocol.js';
import { isSecure } from '../protocol.js';
import type { Goodbye, ReceivedMessage, Refusal, Session, SessionEnd, SessionOptions } from '../scenario.js';
import { dial, headersOf, slotsOf, urlFor } from './request.js';

const OPEN_MS = 10_000;

/**
 * Opens one stream of events by an HTTP request of its own: an EventSource would come back by itself, and hides the status, the
 * headers and how the body ended. A first message to send makes it a POST, as token streams are asked for. Over TLS the gate sees
 * only bytes, so there the session records the events itself: its decoded events are the wire (DESIGN section 3).
 */
export function openEventStream(
  options: SessionOptions,
  { target, record, observer }: SessionTools,
): Promise<Session | Refusal> {
  const slots = slotsOf(options, target);
  const url = urlFor(target, options, slots);
  const secure = isSecure(url.href);
  const posts = slots.flatMap((slot) => (slot.in === 'message' ? [slot.text] : []));
  const startedMs = nowMs();
  const messages: ((message: ReceivedMessage) => void)[] = options.onMessage ? [options.onMessage] : [];
  let wire: Socket | undefined;
  let answer: IncomingMessage | undefined;
  let openedAtMs = 0;
  let localPort = 0;
  let received = 0;
  let receivedBytes = 0;
  let goodbye: Goodbye | undefined;
  let retry: Session['retry'];
  let end: SessionEnd | undefined;
  let failure: string | undefined;
  const isTold = secure && !options.silent;
  const note = (facts: MessageFacts) => {
    if (isTold) record({ type: 'message', gate: options.name, conn: 1, dir: 'down', ...facts });
  };
  const take = (part: StreamPart) => {
    const atMs = nowMs();
    // Hashing costs more than reading, and most sessions tell nothing.
    if (isTold) note(factsOfPart(part, observer));
    if (part.kind === 'quiet' && part.retry !== undefined) retry = { ms: part.retry, atMs };
    if (part.kind !== 'event') return;
    received += 1;
    if (messages.length === 0) return;
    const message = { atMs, payload: Buffer.from(part.data), binary: false, envelope: part.envelope };
    for (const listener of messages) listener(message);
  };
  const finish = () => {
    if (end) return;
    end = { atMs: nowMs(), closeCode: undefined, failure };
    if (openedAtMs > 0) record({ type: 'session', name: options.name, what: 'end' });
  };
  const request: ClientRequest = send(url, {
    protocol: 'http:',
    method: posts.length > 0 ? 'POST' : 'GET',
    headers: {
      host: url.host,
      accept: 'text/event-stream',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
      ...(posts.length > 0 ? { 'content-type': 'application/json' } : {}),
      ...(options.compress ? { 'accept-encoding': 'gzip, deflate, br' } : {}),
      ...(options.origin === undefined ? {} : { origin: options.origin }),
      ...headersOf(slots),
    },
    createConnection: () => {
      wire = dial(options, target, url, secure);
      return wire;
    },
  });

  const session: Session = {
    name: options.name,
    get isOpen() {
      return openedAtMs > 0 && end === undefined && goodbye === undefined;
    },
    get openedAtMs() {
      return openedAtMs;
    },
    get localPort() {
      return localPort;
    },
    extensions: '',
    adapter: undefined,
    clientDriven: false,
    cursor: undefined,
    get end() {
      return end;
    },
    get goodbye() {
      return goodbye;
    },
    get retry() {
      return retry;
    },
    get received() {
      return received;
    },
    get receivedBytes() {
      return receivedBytes;
    },
    unsentBytes: 0,
    header: (name) => {
      const value = answer?.headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    // A client of a stream of events has nothing to say.
    send: () => {},
    wrap: (payload) => payload,
    sendFragment: () => {},
    sendRaw: (bytes) => void wire?.write(bytes),
    sendHead: () => {},
    sendCompressed: () => {},
    ping: () => Promise.resolve(undefined),
    pong: () => {},
    close: () => void wire?.end(),
    terminate: () => void wire?.destroy(),
    abort: () => void (secure ? wire?.destroy() : wire?.resetAndDestroy()),
    ended: (timeoutMs) => waitFor(() => end, timeoutMs),
    onMessage: (listener) => {
      messages.push(listener);
    },
    [Symbol.asyncDispose]: async () => {
      messages.length = 0;
      wire?.destroy();
    },
  };

  return new Promise((resolve) => {
    let settled = false;
    const refuse = (status: number | undefined, reason: string) => {
      if (settled) return;
      settled = true;
      patience[Symbol.dispose]();
      record({
        type: 'session',
        name: options.name,
        what: 'refused',
        reason,
        ...(status === undefined ? {} : { status }),
      });
      resolve({ refused: true, status, reason });
      wire?.destroy();
    };
    // Not the request's own timeout, which Node leaves to whoever makes the connection.
    const patience = after(options.openTimeoutMs ?? OPEN_MS, () =>
      refuse(undefined, 'the request timed out before it was answered'),
    );
    request.on('error', (error) => {
      failure ??= messageOf(error);
      if (openedAtMs > 0 && !goodbye)
        record({ type: 'session', name: options.name, what: 'error', reason: messageOf(error) });
      refuse(undefined, messageOf(error));
    });
    request.on('close', finish);
    request.on('response', (response) => {
      const type = response.headers['content-type'];
      response.on('error', () => {});
      if (!isEventStream(response.statusCode, type)) {
        response.resume();
        const what = response.statusCode === 200 ? `HTTP 200 with ${type ?? 'no content type'}` : '';
        return refuse(response.statusCode, what || `HTTP ${response.statusCode}`);
      }
      settled = true;
      patience[Symbol.dispose]();
      answer = response;
      openedAtMs = nowMs();
      localPort = wire?.localPort ?? 0;
      record(
        { type: 'session', name: options.name, what: 'open', status: 200, tookMs: openedAtMs - startedMs },
        openedAtMs,
      );
      read(response);
      resolve(session);
    });
    for (const text of posts.slice(0, 1)) request.write(text);
    request.end();
  });

  function read(response: IncomingMessage): void {
    const reader = new EventStreamReader(take);
    const unpack = decoderOf(response.headers['content-encoding']);
    // What cannot be read on is passed over: the connection stands as long as its server keeps it.
    let unreadable = false;
    const fail = (error: unknown) => {
      if (unreadable) return;
      unreadable = true;
      record({ type: 'session', name: options.name, what: 'error', reason: messageOf(error) });
      unpack?.destroy();
      response.resume();
    };
    const push = (bytes: Buffer) => {
      if (unreadable) return;
      try {
        reader.push(bytes);
      } catch (error) {
        record(notRead(`${messageOf(error)} came`));
        fail(error);
      }
    };
    unpack?.on('data', push).on('error', fail);
    response.on('data', (bytes: Buffer) => {
      receivedBytes += bytes.length;
      if (!unpack || unreadable) push(bytes);
      else if (!unpack.write(bytes)) {
        response.pause();
        unpack.once('drain', () => response.resume());
      }
    });
    // Only the end that HTTP marks: without a last chunk or a length it is the connection's.
    response.on('end', () => {
      const framed = 'transfer-encoding' in response.headers || 'content-length' in response.headers;
      if (response.complete && framed) goodbye ??= { atMs: nowMs(), code: undefined, text: '' };
      if (response.complete && framed) note({ opcode: 'close', bytes: 0, hash: observer.hash('') });
      if (!options.deaf) wire?.end();
    });
    wire?.on('close', finish);
  }
}
