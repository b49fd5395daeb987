import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Direction, MessageFacts, Observer, Target } from './contract.js';

/**
 * What of a subprotocol must be known to judge heartbeats, ids and resumption rightly. One file each in adapters/, found
 * by folder. It is chosen for a connection by that connection's own handshake, and lets go of it as soon as a message
 * does not fit: to a server of plain JSON nothing of it may ever happen.
 */
export interface Adapter {
  readonly id: string;
  /** Whether a connection that began so speaks it. */
  speaks(opening: Opening): boolean;
  /** How a server lets a client come back to where it was; undefined where the protocol has no such thing. */
  readonly resumes?: string;
  /** The path that a new session of ours asks for, where each has its own. */
  address?(path: string): string;
  /** Passive: both directions of one connection. */
  listen(opening: Opening): Dialogue;
  /** Our own side of a session, as a right client. */
  join(options: PeerOptions): Peer;
  /** The other side, as far as a lone client needs it (CHECKLIST rule 10). */
  host(options: HostOptions): Host;
}

export interface Opening {
  /** Path and query of the request. */
  readonly path: string;
  /** As negotiated. */
  readonly subprotocol: string | undefined;
}

/** What one packet is to the application. */
export interface Packet {
  readonly kind: 'message' | 'heartbeat' | 'control';
  /** What the application gave, or gets: JSON where the protocol carries values. */
  readonly payload: Buffer;
  /** What a client presents to go on behind this message or, in a packet of a client, presents. */
  readonly cursor?: string;
  /** By the protocol it may have been delivered before. */
  readonly repeat?: boolean;
  /** By the protocol it is not sent again. */
  readonly atMostOnce?: boolean;
}

export interface Dialogue {
  /** The packets that this message completes; undefined where it is none of the protocol's. */
  read(dir: Direction, payload: Buffer, binary: boolean): readonly Packet[] | undefined;
}

/** What a session needs to go on where it was; its words are the adapter's own. */
export type Cursor = Readonly<Record<string, string>>;

export interface PeerOptions {
  readonly opening: Opening;
  readonly send: (message: string | Buffer) => void;
  /** Unique; some protocols know a client by it. */
  readonly name: string;
  /** The declared first message that logs in. */
  readonly login?: string;
  /** The declared messages that ask for a stream. */
  readonly subscriptions: readonly string[];
  /** It may want to come back: the server is asked to remember it. */
  readonly resumable: boolean;
  readonly cursor?: Cursor;
  /** Sends heartbeats, and answers them. */
  readonly beats: boolean;
  /** The server has let us in, or has not, and why. */
  readonly onReady: (refusal?: string) => void;
}

export interface Peer {
  /** The connection is open. */
  open(): void;
  /** A message came; undefined where it is none of the protocol's. */
  receive(payload: Buffer, binary: boolean): readonly Packet[] | undefined;
  /** A message of the application's, as it goes out; where the protocol has no such thing, what comes nearest. */
  wrap(payload: string | Buffer): string | Buffer;
  /** In this protocol it is the client that beats, and the server answers (CHECKLIST rule 11). */
  readonly clientDriven: boolean;
  readonly cursor: Cursor | undefined;
  close(): void;
}

export interface Numbered {
  readonly seq: number;
  /** JSON. */
  readonly text: string;
}

export interface HostOptions {
  readonly opening: Opening;
  readonly send: (message: string | Buffer) => void;
  /** What came after this number. */
  readonly since: (seq: number) => readonly Numbered[];
  /** The server's own, across connections. */
  readonly memory: Map<string, unknown>;
}

export interface Host {
  receive(payload: Buffer, binary: boolean): void;
  push(message: Numbered): void;
  close(): void;
}

let loaded: readonly Adapter[] | undefined;

function adapters(): readonly Adapter[] {
  const folder = join(__dirname, 'adapters');
  loaded ??= readdirSync(folder)
    .filter((name) => name.endsWith('.js') && !name.includes('.test.'))
    .sort()
    .map((name) => (require(join(folder, name)) as { readonly default: Adapter }).default);
  return loaded;
}

export function adapterFor(opening: Opening): Adapter | undefined {
  return adapters().find((adapter) => adapter.speaks(opening));
}

/** What a target declares to speak: by its path, or by the subprotocol that our sessions offer. */
export function subprotocolOf({ path, subprotocol, auth, subscribe }: Target): Adapter | undefined {
  const header = [auth, subscribe].find((slot) => slot?.in === 'header' && /^sec-websocket-protocol$/i.test(slot.name));
  return adapterFor({ path, subprotocol: subprotocol ?? (header?.in === 'header' ? header.value : undefined) });
}

type DataFacts = Omit<MessageFacts, 'opcode'>;

/** What an observer keeps of one WebSocket message: of each packet in it, or of the message as it is. */
export function factsOf(
  message: Buffer,
  binary: boolean,
  packets: readonly Packet[] | undefined,
  observer: Observer,
): readonly DataFacts[] {
  if (packets === undefined) return [observer.payload(message, binary)];
  // Part of a packet that goes on in the next message: a sign of life all the same.
  if (packets.length === 0) return [{ bytes: message.length, hash: observer.hash(message), packet: 'control' }];
  return packets.map(({ kind, payload, cursor, repeat, atMostOnce }) => {
    const place = cursor === undefined ? undefined : observer.scalar(cursor);
    return {
      ...observer.payload(payload, binary),
      ...(packets.length === 1 ? { bytes: message.length } : {}),
      ...(kind === 'message' ? {} : { packet: kind }),
      ...(place === undefined ? {} : { cursor: place }),
      ...(repeat ? { repeat } : {}),
      ...(atMostOnce ? { atMostOnce } : {}),
    };
  });
}
