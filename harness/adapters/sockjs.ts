import { randomUUID } from 'node:crypto';
import type { Adapter, Dialogue, Host, HostOptions, Packet, Peer, PeerOptions } from '../adapter.js';
import type { Direction } from '../contract.js';
import stomp, { destinationOf } from './stomp.js';

// "o: open frame … h: heartbeat frame … a: array of json-encoded messages … c: close frame"; what a client sends is an array
// of strings [sockjs-protocol 0.3.3]. The path: "/<prefix>/<server, three digits>/<session>/websocket".
const PATH = /\/(\d{3})\/[^/.?]+\/websocket(?=\?|$)/;
const STOMP = /^(CONNECT|STOMP)\r?\n/;
const OPEN = 'o';
const HEARTBEAT = 'h';
const CLOSE = 'c';

const adapter: Adapter = {
  id: 'sockjs',
  speaks: ({ path }) => PATH.test(path),
  // A session belongs to one client.
  address: (path) => path.replace(PATH, `/$1/${randomUUID().slice(0, 8)}/websocket`),
  listen: () => new Conversation(),
  join: (options) => new Client(options),
  host: (options) => host(options),
};
export default adapter;

/** Reads SockJS and, where its first message is a STOMP CONNECT, STOMP in it. */
class Conversation implements Dialogue {
  private opened: boolean | undefined;
  private inner: Dialogue | undefined;

  read(dir: Direction, payload: Buffer): readonly Packet[] | undefined {
    const text = payload.toString();
    if (this.opened === undefined) this.opened = text === OPEN;
    if (!this.opened) return undefined;
    if (dir === 'down') {
      if (text === HEARTBEAT) return [{ kind: 'heartbeat', payload }];
      if (text === OPEN || text.startsWith(CLOSE)) return [{ kind: 'control', payload }];
    }
    const messages = messagesIn(dir === 'down' ? text.slice(1) : text);
    if (dir === 'up' && STOMP.test(messages?.[0] ?? ''))
      this.inner ??= stomp.listen({ path: '', subprotocol: undefined });
    return messages?.flatMap((one) => {
      const bytes = Buffer.from(one);
      return this.inner?.read(dir, bytes, false) ?? [{ kind: 'message', payload: bytes } as const];
    });
  }
}

function host({ opening, send, since, memory }: HostOptions): Host {
  const say = (message: string | Buffer) => send(`a${JSON.stringify([message.toString()])}`);
  let inner: Host | undefined;
  send(OPEN);
  return {
    receive(payload) {
      for (const message of messagesIn(payload.toString()) ?? []) {
        if (STOMP.test(message)) inner ??= stomp.host({ opening, send: say, since, memory });
        inner?.receive(Buffer.from(message), false);
      }
    },
    push(message) {
      if (inner) inner.push(message);
      else say(message.text);
    },
    close: () => inner?.close(),
  };
}

class Client implements Peer {
  readonly clientDriven = false;
  readonly cursor = undefined;
  private readonly conversation = new Conversation();
  private readonly inner: Peer | undefined;
  private settled = false;

  constructor(private readonly options: PeerOptions) {
    const isStomp = options.subscriptions.some((text) => destinationOf(text) !== undefined);
    this.inner = isStomp ? stomp.join({ ...options, send: (message) => this.say(message) }) : undefined;
  }

  /** The server speaks first. */
  open(): void {}

  receive(payload: Buffer): readonly Packet[] | undefined {
    const packets = this.conversation.read('down', payload);
    if (!this.settled) {
      this.settled = true;
      if (this.inner && packets !== undefined) this.inner.open();
      else this.enter();
    } else if (this.inner) {
      return packets?.flatMap((packet) =>
        packet.kind === 'message' ? (this.inner?.receive(packet.payload, false) ?? []) : [packet],
      );
    }
    return packets;
  }

  private enter(): void {
    for (const text of this.options.subscriptions) this.say(text);
    this.options.onReady();
  }

  wrap(payload: string | Buffer): string {
    const message = this.inner ? this.inner.wrap(payload) : payload;
    return JSON.stringify([message.toString()]);
  }

  close(): void {
    this.inner?.close();
  }

  private say(message: string | Buffer): void {
    this.options.send(JSON.stringify([message.toString()]));
  }
}

/** `["a","b"]`; a client may send a single string too. */
function messagesIn(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const list = Array.isArray(value) ? value : [value];
    return list.every((one) => typeof one === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}
