/** What the client's application sends: a message every second, each kept until the server has answered it. */
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { report } from './program';

/** What becomes of a message that has no answer when its connection is gone. */
export type Unanswered = 'sent again' | 'reported' | 'forgotten';

/** Beyond this the oldest is given up, and said to be. */
const KEPT = 1_000;

export class Outbox {
  readonly #name = randomBytes(4).toString('hex');
  readonly #waiting = new Map<string, string>();
  #count = 0;

  constructor(readonly unanswered: Unanswered = 'sent again') {}

  post(socket: WebSocket): void {
    const id = `${this.#name}-${this.#count++}`;
    const text = JSON.stringify({ type: 'echo', id, text: 'still here' });
    report('sent', { id });
    this.#waiting.set(id, text);
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
    else if (this.unanswered !== 'sent again') this.giveUp();
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > KEPT && oldest !== undefined) this.#unsent(oldest);
  }

  opened(socket: WebSocket): void {
    for (const text of this.#waiting.values()) socket.send(text);
  }

  /** The connection is gone. */
  giveUp(): void {
    if (this.unanswered === 'reported') for (const id of this.#waiting.keys()) this.#unsent(id);
    if (this.unanswered === 'forgotten') this.#waiting.clear();
  }

  /** The server's answer carries the id; other messages are none. */
  answer(text: string): void {
    const id = /"type":"echo","id":"([^"]+)"/.exec(text)?.[1] ?? '';
    if (this.#waiting.delete(id)) report('acked', { id });
  }

  #unsent(id: string): void {
    this.#waiting.delete(id);
    report('unsent', { id });
  }
}
