/** The same feed as server-sent events, for whom a proxy keeps from WebSocket: both ends of it. */
import type { ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';
import { EventDecoder } from './event-decoder';
import { followEvents, isEventStream } from './event-source';
import { MIB } from './limits';
import { scaledMs } from './program';

/** The server's end. Who falls behind is cut. */
export class EventStreams {
  readonly #open = new Set<ServerResponse>();

  join(response: ServerResponse, missed: readonly string[]): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.write(`: hello\n\n${missed.map(eventOf).join('')}`);
    this.#open.add(response);
    response.on('close', () => this.#open.delete(response));
  }

  send(text: string): void {
    this.#write(eventOf(text));
  }

  beat(): void {
    this.#write(': beat\n\n');
  }

  end(): void {
    for (const response of this.#open) response.end();
  }

  #write(bytes: string): void {
    for (const response of this.#open) {
      if (response.writableLength > MIB) response.destroy();
      else response.write(bytes);
    }
  }
}

function eventOf(text: string): string {
  return `data: ${text}\n\n`;
}

/** The client's end: tells whether WebSocket seems to be blocked, and follows the events instead. */
export class Detour {
  /** Attempts in a row over which nothing came. */
  #inVain = 0;
  /** So many more of them before events are tried again. */
  #patience = 0;

  constructor(readonly firstSignMs: number | null) {}

  attempt(socket: WebSocket, handshakeTimeoutMs: number | null) {
    const { firstSignMs } = this;
    const startMs = Date.now();
    let [opened, heard] = [false, false];
    const hear = () => {
      heard = true;
      this.#inVain = 0;
    };
    socket.once('ping', hear).once('pong', hear).once('message', hear);
    socket.once('open', () => {
      opened = true;
      if (firstSignMs !== null) setTimeout(() => heard || socket.terminate(), scaledMs(firstSignMs));
    });
    return {
      /** An answer that is no upgrade, no answer in all that time, or twice nothing: a proxy may be in the way. */
      isBlocked: (status: number | undefined) => {
        if (heard || firstSignMs === null) return false;
        if (!opened) this.#inVain += 1;
        const answered = status !== undefined && status < 500 && status !== 401 && status !== 429;
        const slow = Date.now() - startMs > 0.9 * scaledMs(Math.min(firstSignMs, handshakeTimeoutMs ?? firstSignMs));
        if (!slow && (opened || (!answered && this.#inVain < 2))) return false;
        this.#patience -= 1;
        return this.#patience <= 0;
      },
    };
  }

  /** Follows the stream until it ends or falls silent. True where it was one. */
  async follow(webSocketUrl: URL, silenceMs: number, receive: (text: string) => void): Promise<boolean> {
    const decoder = new EventDecoder({ event: ({ data }) => receive(data), retry: () => {}, stray: () => {} });
    const { opened } = await followEvents(new URL(webSocketUrl.href.replace(/^ws/, 'http')), decoder, {
      answerMs: scaledMs(5_000),
      silenceMs: scaledMs(silenceMs),
      accepts: isEventStream,
    }).ended;
    this.#patience = opened ? 0 : 4;
    return opened;
  }
}
