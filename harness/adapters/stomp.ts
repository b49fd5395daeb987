import { type IRawFrameType, Parser } from '@stomp/stompjs';
import type { Adapter, Dialogue, Host, HostOptions, Numbered, Packet, Peer, PeerOptions } from '../adapter.js';
import { every } from '../clock.js';
import type { Direction } from '../contract.js';

// "The heart-beat header … <cx>, the smallest number of milliseconds between heart-beats that it can guarantee, and <cy>, the
// desired number of milliseconds between heart-beats it would like to get"; a heart-beat is an end-of-line [STOMP 1.2].
const BEAT_MS = 20_000;
const APPLICATION = new Set(['MESSAGE', 'SEND']);

const adapter: Adapter = {
  id: 'stomp',
  speaks: ({ subprotocol }) => /^v1[012]\.stomp$/.test(subprotocol ?? ''),
  listen: () => new Conversation(),
  join: (options) => new Client(options),
  host: (options) => new Broker(options),
};
export default adapter;

type Frame = { readonly heartbeat: true } | IRawFrameType;

class Conversation implements Dialogue {
  private readonly streams: { [dir in Direction]?: Stream } = {};

  read(dir: Direction, payload: Buffer): readonly Packet[] {
    return this.frames(dir, payload).map(told);
  }

  frames(dir: Direction, payload: Buffer): readonly Frame[] {
    this.streams[dir] ??= new Stream();
    return this.streams[dir]?.push(payload) ?? [];
  }
}

/** A frame may be spread over several messages, and a message may hold several. */
class Stream {
  private found: Frame[] = [];
  private readonly parser = new Parser(
    (frame) => this.found.push(frame),
    () => this.found.push({ heartbeat: true }),
  );

  push(bytes: Buffer): readonly Frame[] {
    this.parser.parseChunk(bytes.toString());
    const { found } = this;
    this.found = [];
    return found;
  }
}

function told(frame: Frame): Packet {
  if ('heartbeat' in frame) return { kind: 'heartbeat', payload: Buffer.from('\n') };
  if (APPLICATION.has(frame.command ?? '')) return { kind: 'message', payload: Buffer.from(frame.binaryBody ?? []) };
  return { kind: 'control', payload: Buffer.from(frame.command ?? '') };
}

class Client implements Peer {
  readonly clientDriven = false;
  readonly cursor = undefined;
  private readonly conversation = new Conversation();
  private readonly destinations: readonly string[];
  private beating: Disposable | undefined;

  constructor(private readonly options: PeerOptions) {
    this.destinations = options.subscriptions.flatMap((text) => destinationOf(text) ?? []);
  }

  open(): void {
    const { login, send } = this.options;
    const words = login === undefined ? {} : objectIn(login);
    const credentials = Object.entries(words).map(([name, value]) => `${name}:${escaped(String(value))}\n`);
    send(`CONNECT\naccept-version:1.0,1.1,1.2\nheart-beat:${BEAT_MS},${BEAT_MS}\n${credentials.join('')}\n\0`);
  }

  receive(payload: Buffer): readonly Packet[] {
    const frames = this.conversation.frames('down', payload);
    for (const frame of frames) if (!('heartbeat' in frame)) this.answer(frame);
    return frames.map(told);
  }

  private answer({ command, headers }: IRawFrameType): void {
    const { beats, send, onReady } = this.options;
    if (command === 'ERROR') onReady('the STOMP CONNECT was refused');
    if (command !== 'CONNECTED') return;
    const [, wanted = 0] = (headers.find(([name]) => name === 'heart-beat')?.[1] ?? '').split(',').map(Number);
    if (beats && wanted > 0) this.beating = every(Math.max(BEAT_MS, wanted) / 2, () => send('\n'));
    for (const [index, destination] of this.destinations.entries())
      send(`SUBSCRIBE\nid:${index}\ndestination:${escaped(destination)}\n\n\0`);
    onReady();
  }

  wrap(payload: string | Buffer): string {
    const [destination = '/topic/holdfast'] = this.destinations;
    const bytes = Buffer.byteLength(payload);
    return `SEND\ndestination:${escaped(destination)}\ncontent-length:${bytes}\n\n${payload}\0`;
  }

  close(): void {
    this.beating?.[Symbol.dispose]();
  }
}

class Broker implements Host {
  private readonly conversation = new Conversation();
  private readonly subscriptions = new Map<string, string>();
  private beating: Disposable | undefined;

  constructor(private readonly options: HostOptions) {}

  receive(payload: Buffer): void {
    for (const frame of this.conversation.frames('up', payload)) {
      if (!('heartbeat' in frame)) this.answer(frame.command, new Map(frame.headers));
    }
  }

  private answer(command: string | undefined, headers: ReadonlyMap<string, string>): void {
    const { send } = this.options;
    if (command === 'CONNECT' || command === 'STOMP') {
      const [, wanted = 0] = (headers.get('heart-beat') ?? '').split(',').map(Number);
      const beatMs = wanted > 0 ? Math.max(BEAT_MS, wanted) : 0;
      if (beatMs > 0) this.beating = every(beatMs, () => send('\n'));
      const versions = headers.get('accept-version')?.split(',') ?? ['1.0'];
      send(`CONNECTED\nversion:${versions.sort().at(-1)}\nheart-beat:${beatMs},0\n\n\0`);
    }
    const receipt = headers.get('receipt');
    if (receipt !== undefined) send(`RECEIPT\nreceipt-id:${receipt}\n\n\0`);
    const id = headers.get('id') ?? '0';
    if (command === 'SUBSCRIBE') this.subscriptions.set(id, headers.get('destination') ?? '');
    if (command === 'UNSUBSCRIBE') this.subscriptions.delete(id);
  }

  push({ seq, text }: Numbered): void {
    for (const [id, destination] of this.subscriptions) {
      const head = `subscription:${id}\nmessage-id:${seq}\ndestination:${destination}\ncontent-type:application/json`;
      this.options.send(`MESSAGE\n${head}\n\n${text}\0`);
    }
  }

  close(): void {
    this.beating?.[Symbol.dispose]();
  }
}

/** `{"destination":"/topic/ticks"}` */
export function destinationOf(text: string): string | undefined {
  const { destination } = objectIn(text);
  return typeof destination === 'string' ? destination : undefined;
}

function objectIn(text: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** "C style string literal escapes are used to encode any CR, LF or colon" in a header. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\r', '\\r').replaceAll('\n', '\\n').replaceAll(':', '\\c');
}
