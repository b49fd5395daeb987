import type { Adapter, Host, HostOptions, Packet, Peer, PeerOptions } from '../adapter.js';
import { every } from '../clock.js';

// A message is `[join_ref, ref, topic, event, payload]` (vsn 2.0.0) or an object of those (1.0.0); the client sends "heartbeat"
// on the topic "phoenix", every 30 s by default, and the server ends a socket that was silent for 60 s [Phoenix.Socket, phoenix.js].
const BEAT_MS = 20_000;
const CONTROL = /^(phx_(join|leave|reply|close|error)|presence_(state|diff))$/;

const adapter: Adapter = {
  id: 'phoenix',
  speaks: ({ path }) => /\/websocket\?(.*&)?vsn=[12]\.0\.0(&|$)/.test(path),
  listen: ({ path }) => ({
    read: (_, payload, binary) => (binary ? undefined : packets(parse(path, payload), payload)),
  }),
  join: (options) => new Client(options),
  host: (options) => host(options),
};
export default adapter;

interface Message {
  readonly joinRef: unknown;
  readonly ref: unknown;
  readonly topic: string;
  readonly event: string;
  readonly payload: unknown;
}

class Client implements Peer {
  /** Once the server has answered a heartbeat. */
  clientDriven = false;
  readonly cursor = undefined;
  private beating: Disposable | undefined;
  private ref = 0;
  private readonly awaited = new Set<string>();

  constructor(private readonly options: PeerOptions) {}

  open(): void {
    const { beats, subscriptions } = this.options;
    const beat = () => this.say('phoenix', 'heartbeat', {}, null);
    if (beats) this.beating = every(BEAT_MS, () => void beat());
    // A server of another kind answers none, or something else.
    this.awaited.add(beat());
    for (const { topic, payload } of subscriptions.map(channelOf)) {
      if (topic !== undefined) this.awaited.add(this.say(topic, 'phx_join', payload ?? {}, String(this.ref + 1)));
    }
  }

  receive(payload: Buffer, binary: boolean): readonly Packet[] | undefined {
    const message = binary ? undefined : parse(this.options.opening.path, payload);
    if (!message && !this.clientDriven) this.options.onReady();
    if (message?.event === 'phx_reply' && this.awaited.delete(String(message.ref))) {
      this.clientDriven = true;
      const { status } = (message.payload ?? {}) as { readonly status?: unknown };
      if (status !== 'ok') this.options.onReady(`the channel "${message.topic}" could not be joined`);
      else if (this.awaited.size === 0) this.options.onReady();
    }
    return packets(message, payload);
  }

  /** What a channel takes is its own; most examples take "new_msg". */
  wrap(payload: string | Buffer): string {
    const { topic = 'holdfast' } =
      this.options.subscriptions.map(channelOf).find((one) => one.topic !== undefined) ?? {};
    this.ref += 1;
    return this.spell(topic, 'new_msg', { body: payload.toString() }, '1');
  }

  close(): void {
    this.beating?.[Symbol.dispose]();
  }

  private say(topic: string, event: string, payload: unknown, joinRef: string | null): string {
    this.ref += 1;
    this.options.send(this.spell(topic, event, payload, joinRef));
    return String(this.ref);
  }

  private spell(topic: string, event: string, payload: unknown, joinRef: string | null): string {
    return spelled(this.options.opening.path, [joinRef, String(this.ref), topic, event, payload]);
  }
}

/** Lets everybody into every channel, and tells it there. */
function host({ opening, send }: HostOptions): Host {
  const joined = new Map<string, unknown>();
  const say = (joinRef: unknown, ref: unknown, topic: string, event: string, payload: unknown) =>
    send(spelled(opening.path, [joinRef, ref, topic, event, payload]));
  return {
    receive(bytes, binary) {
      const message = binary ? undefined : parse(opening.path, bytes);
      if (!message) return;
      const { joinRef, ref, topic, event } = message;
      if (event === 'phx_join') joined.set(topic, joinRef);
      if (event === 'phx_leave') joined.delete(topic);
      say(joinRef, ref, topic, 'phx_reply', { status: 'ok', response: {} });
    },
    push({ text }) {
      for (const [topic, joinRef] of joined) say(joinRef, null, topic, 'message', JSON.parse(text));
    },
    close() {},
  };
}

function spelled(path: string, message: readonly [unknown, unknown, string, string, unknown]): string {
  const [join_ref, ref, topic, event, payload] = message;
  return JSON.stringify(/vsn=1/.test(path) ? { topic, event, payload, ref, join_ref } : message);
}

function packets(message: Message | undefined, bytes: Buffer): readonly Packet[] | undefined {
  if (!message) return undefined;
  const { topic, event, payload } = message;
  if (topic === 'phoenix') return [{ kind: 'heartbeat', payload: bytes }];
  if (CONTROL.test(event)) return [{ kind: 'control', payload: bytes }];
  return [{ kind: 'message', payload: Buffer.from(JSON.stringify(payload ?? null)) }];
}

function parse(path: string, bytes: Buffer): Message | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    const [joinRef, ref, topic, event, payload] = /vsn=1/.test(path) ? inOrder(value) : tupleOf(value);
    return typeof topic === 'string' && typeof event === 'string' ? { joinRef, ref, topic, event, payload } : undefined;
  } catch {
    return undefined;
  }
}

function inOrder(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const { join_ref, ref, topic, event, payload } = value as Partial<Message> & { readonly join_ref?: unknown };
  return payload === undefined || ref === undefined ? [] : [join_ref, ref, topic, event, payload];
}

function tupleOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) && value.length === 5 ? value : [];
}

/** `{"topic":"room:lobby","payload":{…}}` */
function channelOf(text: string): { readonly topic?: string; readonly payload?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    const { topic, payload } = Object(value) as { readonly topic?: unknown; readonly payload?: unknown };
    return typeof topic === 'string' ? { topic, payload } : {};
  } catch {
    return {};
  }
}
