/** What the client's application takes in: each message of the feed once, by its id, whatever comes between. */
import { report } from './program';

type Id = number | string;

export interface InboxBehaviour {
  /** So many messages before the last one are asked for again at a return. */
  readonly overlap: number;
  readonly dropsRepeats: boolean;
  /** The application's own doing with a message. */
  readonly tell: (id: Id) => void;
}

const KEPT = 10_000;

export class Inbox {
  readonly #behaviour: InboxBehaviour;
  /** In order of arrival, each once. */
  #ids: Id[] = [];
  readonly #seen = new Set<Id>();

  constructor(behaviour: Partial<InboxBehaviour> = {}) {
    const tell = (id: Id) => report('message', { id });
    this.#behaviour = { overlap: 0, dropsRepeats: true, tell, ...behaviour };
  }

  /** What to present at a return; undefined before the first message. */
  get cursor(): Id | undefined {
    return this.#ids.at(-1 - this.#behaviour.overlap) ?? this.#ids[0];
  }

  /** False where the text is no message of ours. What it came in may have an id of its own. */
  take(text: string, id?: Id): boolean {
    const message = parse(text);
    if (message === null) return false;
    if (message.event === 'reset') this.#ids = [];
    const ids = id !== undefined ? [id] : (message.batch ?? [message]).map(({ seq }) => seq);
    for (const one of ids) if (one !== undefined) this.#takeOne(one);
    return true;
  }

  #takeOne(id: Id): void {
    const repeated = this.#seen.has(id);
    if (!repeated && this.#ids.push(id) > KEPT) this.#seen.delete(this.#ids.shift() ?? '');
    this.#seen.add(id);
    if (!repeated || !this.#behaviour.dropsRepeats) this.#behaviour.tell(id);
  }
}

function parse(text: string): { event?: string; seq?: Id; batch?: readonly { seq?: Id }[] } | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
