import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { MessageFacts, Observer, Scalar } from '../contract.js';
import { saysGoodbye } from '../wording.js';

/** Of one event, or of a line that never ends; what a program sends is far below. */
const MAX_EVENT_CHARACTERS = 8 * 1024 * 1024;

/** What a stream of events holds [WHATWG HTML 9.2.6]. `quiet` is a block that dispatches nothing, as one with `retry` alone. */
export type StreamPart =
  | { readonly kind: 'event'; readonly data: string; readonly envelope: Envelope }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'quiet'; readonly retry?: number };

/** What stands around an event's data. */
export interface Envelope {
  readonly id?: string;
  readonly event?: string;
}

/** Reads `text/event-stream` from bytes split anywhere. Half an event at the end is never given [9.2.6: "the incomplete event is not dispatched"]. */
export class EventStreamReader {
  private readonly text = new TextDecoder('utf-8');
  private readonly parser: EventSourceParser;
  private tail = '\n\n';
  private endsInCr = false;
  private given = 0;
  private tooLarge: Error | undefined;

  constructor(private readonly take: (part: StreamPart) => void) {
    const give = (part: StreamPart) => {
      this.given += 1;
      take(part);
    };
    this.parser = createParser({
      onEvent: ({ data, id, event }) => {
        const envelope = { ...(id === undefined ? {} : { id }), ...(event === undefined ? {} : { event }) };
        give({ kind: 'event', data, envelope });
      },
      onComment: (text) => give({ kind: 'comment', text }),
      onRetry: (retry) => give({ kind: 'quiet', retry }),
      maxBufferSize: MAX_EVENT_CHARACTERS,
      onError: ({ type }) => {
        if (type === 'max-buffer-size-exceeded') this.tooLarge = new Error('an event over 8 MiB');
      },
    });
  }

  /** Throws an Error whose message is the reason; the reader must not be used after it. */
  push(bytes: Buffer): void {
    const text = this.lines(this.text.decode(bytes, { stream: true }));
    if (text === '') return;
    const before = this.given;
    this.parser.feed(text);
    if (this.tooLarge) throw this.tooLarge;
    this.tail = text.length >= 2 ? text.slice(-2) : `${this.tail}${text}`.slice(-2);
    if (this.given === before && this.betweenEvents) this.take({ kind: 'quiet' });
  }

  /** No event is half under way. */
  get betweenEvents(): boolean {
    return this.tail === '\n\n';
  }

  /** Its line ends as LF: the parser would wait behind a CR for the LF that may follow, and give an event one event late. */
  private lines(text: string): string {
    const rest = this.endsInCr && text.startsWith('\n') ? text.slice(1) : text;
    if (text !== '') this.endsInCr = text.endsWith('\r');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  }
}

/** What an observer keeps of a part: its data's scalars by JSON pointer, the envelope's beside them without a slash. */
export function factsOfPart(part: StreamPart, observer: Observer): MessageFacts {
  if (part.kind === 'comment')
    return {
      opcode: 'comment',
      bytes: Buffer.byteLength(part.text),
      hash: observer.hash(part.text),
      packet: 'heartbeat',
    };
  if (part.kind === 'quiet') {
    const retry = part.retry === undefined ? {} : { fields: { retry: part.retry } };
    return { opcode: 'text', bytes: 0, hash: observer.hash(''), form: 'empty', packet: 'control', ...retry };
  }
  const notice = saysGoodbye(part.data, part.envelope.event) ? { notice: true as const } : {};
  const message = { payload: Buffer.from(part.data), binary: false, ...part };
  return { opcode: 'text', ...factsOfMessage(message, observer), ...notice };
}

/** What an observer keeps of one message, with what stands around it where it is an event. */
export function factsOfMessage(
  message: { readonly payload: Buffer; readonly binary: boolean; readonly envelope?: Envelope },
  observer: Observer,
): Omit<MessageFacts, 'opcode'> {
  const facts = observer.payload(message.payload, message.binary);
  if (message.envelope === undefined) return facts;
  return { ...facts, fields: { ...facts.fields, ...envelopeScalars(message.envelope, observer) } };
}

function envelopeScalars(envelope: Envelope, observer: Observer): Record<string, Scalar> {
  return Object.fromEntries(
    Object.entries(envelope).flatMap(([name, value]) => {
      const kept = observer.scalar(value);
      return kept === undefined ? [] : [[name, kept] as const];
    }),
  );
}
