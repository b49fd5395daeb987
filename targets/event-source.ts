/** One attempt to follow a stream of events over HTTP, redirects included: it says how that ended, and tries nothing again. */
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { get as getSecurely, type RequestOptions } from 'node:https';
import type { EventDecoder } from './event-decoder';

export interface Following {
  readonly lastEventId?: string;
  /** How long the head of the answer may take. Null waits for ever. */
  readonly answerMs: number | null;
  /** Silence after which the stream is taken for dead. Null never looks. */
  readonly silenceMs: number | null;
  readonly accepts: (response: IncomingMessage) => boolean;
  readonly connection?: (url: URL) => RequestOptions;
  readonly onOpen?: () => void;
}

/** How it ended. It was a stream where it opened; its end was whole where the server said so. */
export interface Ending {
  opened: boolean;
  whole: boolean;
  status?: number | undefined;
  retryAfter?: string | undefined;
  error?: Error;
}

export interface Attempt {
  readonly ended: Promise<Ending>;
  cut(): void;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MOST_REDIRECTS = 5;

export function isEventStream({ statusCode, headers }: IncomingMessage): boolean {
  return statusCode === 200 && /^text\/event-stream\s*(;|$)/i.test(headers['content-type'] ?? '');
}

export function followEvents(first: URL, decoder: EventDecoder, options: Following): Attempt {
  const { answerMs, silenceMs, lastEventId = '' } = options;
  // The id goes as UTF-8; Node takes each character of a field for a byte.
  const resumed = lastEventId === '' ? {} : { 'last-event-id': Buffer.from(lastEventId).toString('latin1') };
  const headers = { accept: 'text/event-stream', 'cache-control': 'no-store', ...resumed };
  const ending: Ending = { opened: false, whole: false };
  let request: ClientRequest;
  let deadline: NodeJS.Timeout | undefined;
  const within = (ms: number | null, what: string) => {
    clearTimeout(deadline);
    deadline = ms === null ? undefined : setTimeout(() => request.destroy(new Error(`timed out: ${what}`)), ms);
  };

  function ask(url: URL, redirectsLeft: number, done: (ending: Ending) => void): void {
    const mine = (url.protocol === 'https:' ? getSecurely : get)(url, {
      agent: false, // A connection of its own, and a name that is looked up each time.
      headers,
      ...options.connection?.(url),
    });
    request = mine;
    let moved = false;
    mine.on('response', (response) => {
      const { statusCode = 0, headers: answered } = response;
      response.on('error', () => {}); // The request's close says enough.
      if (REDIRECTS.has(statusCode) && answered.location && redirectsLeft > 0) {
        moved = true;
        mine.destroy();
        return ask(new URL(answered.location, url), redirectsLeft - 1, done);
      }
      Object.assign(ending, { status: statusCode, retryAfter: answered['retry-after'] });
      if (!options.accepts(response)) return mine.destroy();
      ending.opened = true;
      within(silenceMs, 'silent');
      options.onOpen?.();
      response.on('data', (bytes) => {
        deadline?.refresh();
        decoder.feed(bytes);
      });
      response.on('end', () => Object.assign(ending, { whole: true }));
    });
    mine.on('error', (error) => Object.assign(ending, { error }));
    mine.on('close', () => {
      if (moved) return;
      clearTimeout(deadline);
      done(ending);
    });
  }

  within(answerMs, 'no answer');
  return {
    ended: new Promise((resolve) => ask(first, MOST_REDIRECTS, resolve)),
    cut: () => request.destroy(),
  };
}
