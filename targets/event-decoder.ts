/** Reads text/event-stream as WHATWG HTML 9.2.6 says, from bytes split anywhere. */
export interface StreamEvent {
  /** Of this very event; undefined where it has none. */
  readonly id: string | undefined;
  readonly type: string;
  readonly data: string;
}

export interface Listener {
  readonly event: (event: StreamEvent) => void;
  readonly retry: (ms: number) => void;
  /** A line that is no field of the standard, which says to ignore it. */
  readonly stray: (line: string) => void;
}

export class EventDecoder {
  readonly #text = new TextDecoder();
  /** The last event ID that its client presents when it comes back. */
  lastEventId: string;
  #rest = '';
  #followsCr = false;
  #dropped = false;
  #data: string[] = [];
  #type = '';
  #id: string | undefined;

  constructor(
    readonly listener: Listener,
    lastEventId = '',
  ) {
    this.lastEventId = lastEventId;
  }

  feed(bytes: Uint8Array): void {
    let text = this.#text.decode(bytes, { stream: true });
    if (text === '') return;
    // A CR that ended the last piece has ended its line already; what follows may be the rest of a CRLF.
    if (this.#followsCr && text.startsWith('\n')) text = text.slice(1);
    this.#followsCr = text.endsWith('\r');
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
  }

  /** Nothing more of this stream is to be taken. */
  drop(): void {
    this.#dropped = true;
  }

  /** Gives what is half there at the end, as the standard forbids: "the incomplete event is not dispatched". */
  flush(): void {
    this.#take(this.#rest);
    this.#dispatch();
  }

  #take(line: string): void {
    if (this.#dropped || line.startsWith(':')) return;
    if (line === '') this.#dispatch();
    else this.#takeField(line);
  }

  #takeField(line: string): void {
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#type = value;
    else if (field === 'id') this.#id = value.includes('\0') ? this.#id : value;
    else if (field === 'retry') /^\d+$/.test(value) && this.listener.retry(Number(value));
    else this.listener.stray(line);
  }

  #dispatch(): void {
    const event = { id: this.#id, type: this.#type || 'message', data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.lastEventId = this.#id ?? this.lastEventId;
    [this.#id, this.#type, this.#data] = [undefined, '', []];
    if (!isEmpty) this.listener.event(event);
  }
}
