import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { after, every, nowMs } from '../clock.js';
import { listenOnLoopback } from '../loopback.js';
import type { ReferenceOptions, ReferenceServer, SilentSession } from '../protocol.js';
import type { Address } from '../scenario.js';
import { answerTokens } from './token-answer.js';

const HISTORY = 10_000;
/** The shorter of the usual drain windows, 30-60 s. */
const CLOSE_TIMEOUT_MS = 30_000;
/** Longer than any first delay of a client's own. */
const RETRY_MS = 9000;
const TRY_AGAIN_LATER = 1013;
const ANSWER = 'Whoever asks by POST gets an answer that has an end'.split(' ');

/**
 * A stream of events on any path: an `id:` and JSON data every 200 ms, a comment every 15 s, replay for whoever presents an id. A
 * POST is answered as an LLM would, in the shape that its path asks for. No `retry:` before it has too much to do: what clients do
 * of themselves is to be seen.
 */
export async function startEventReference(options: ReferenceOptions): Promise<ReferenceServer> {
  const streams = new Set<ServerResponse>();
  let last = options.base;
  let dropping = false;
  let dropped = 0;
  const retryMs = Math.round(options.retryMs ?? RETRY_MS);
  const text = (seq: number) =>
    `id: ${seq}\ndata: ${JSON.stringify({ type: 'message', seq, data: `message ${seq}` })}\n\n`;

  const join = (request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': '*',
    });
    response.flushHeaders();
    if (dropping) {
      dropped += 1;
      return void request.socket.destroy();
    }
    const from = presented(request);
    const first = from === undefined ? last + 1 : Math.max(from + 1, options.base + 1, last - HISTORY + 1);
    for (let seq = first; seq <= last; seq++) response.write(text(seq));
    streams.add(response);
    response.on('close', () => streams.delete(response)).on('error', () => streams.delete(response));
  };

  /** Where the target declares nothing else, "its `Last-Event-ID` header" [WHATWG HTML 9.2.4]. */
  const presented = (request: IncomingMessage): number | undefined => {
    const url = new URL(request.url ?? '/', 'http://reference.invalid');
    const header = (name: string) => {
      const value = request.headers[name.toLowerCase()];
      return typeof value === 'string' ? value : undefined;
    };
    const declared = options.resumeFrom?.({ url, header });
    if (declared !== undefined) return declared;
    const id = Number(header('last-event-id') ?? Number.NaN);
    return Number.isSafeInteger(id) ? id : undefined;
  };

  const http = createServer((request, response) => {
    if (request.method === 'POST') return void answerTokens(request, response, ANSWER);
    request.resume();
    join(request, response);
  });
  const push = every(options.pushMs ?? 200, () => {
    last += 1;
    for (const stream of streams) stream.write(text(last));
  });
  const ping = every(options.pingMs ?? 15_000, () => {
    for (const stream of streams) stream.write(': keep-alive\n\n');
  });
  const patience: Disposable[] = [];
  const local = await listenOnLoopback(http);
  return {
    host: local.host,
    port: local.port,
    get last() {
      return last;
    },
    get dropped() {
      return dropped;
    },
    dropNewcomers() {
      dropping = true;
    },
    goAway(code) {
      const told = [...streams];
      if (code === TRY_AGAIN_LATER) last += 1;
      for (const stream of told) {
        const { socket } = stream;
        // With data, since some read no block that dispatches nothing.
        if (code === TRY_AGAIN_LATER) stream.write(`retry: ${retryMs}\n${text(last)}`);
        // A server that goes takes no further request on the connection either.
        stream.end(() => socket?.end());
        patience.push(after(options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS, () => socket?.destroy()));
      }
      return told.length;
    },
    [Symbol.asyncDispose]: async () => {
      push[Symbol.dispose]();
      ping[Symbol.dispose]();
      for (const one of patience) one[Symbol.dispose]();
      await local[Symbol.asyncDispose]();
    },
  };
}

/** Reads a stream until it ends. */
export async function openSilentStream({ host, port }: Address): Promise<SilentSession> {
  let endedAtMs: number | undefined;
  const headers = { accept: 'text/event-stream' };
  const request = get({ host, port, path: '/', headers, agent: false });
  request.on('close', () => {
    endedAtMs = nowMs();
  });
  await new Promise<void>((resolve, reject) => {
    request.on('error', reject).on('response', (response) => {
      response.on('error', () => {}).resume();
      resolve();
    });
  });
  return {
    openedAtMs: nowMs(),
    get endedAtMs() {
      return endedAtMs;
    },
    [Symbol.dispose]: () => void request.destroy(),
  };
}
