import { randomUUID } from 'node:crypto';
import { Decoder, type Packet as SocketPacket } from 'socket.io-parser';
import type {
  Adapter,
  Cursor,
  Dialogue,
  Host,
  HostOptions,
  Numbered,
  Opening,
  Packet,
  Peer,
  PeerOptions,
} from '../adapter.js';
import { every } from '../clock.js';
import type { Direction } from '../contract.js';

// "At regular intervals … the server sends a ping packet and the client has a few seconds … to send a pong packet back."
// [Engine.IO protocol, revision 4, Heartbeat]. A packet's type is its first character; in revision 3 the client pings.
const OPEN = '0';
const CLOSE = '1';
const PING = '2';
const PONG = '3';
const MESSAGE = '4';
// Socket.IO's own, inside MESSAGE.
const CONNECT = 0;
const EVENT = 2;
const ACK = 3;
const CONNECT_ERROR = 4;
const BINARY_EVENT = 5;
const BINARY_ACK = 6;

const adapter: Adapter = {
  id: 'socket-io',
  resumes: 'connection state recovery: the private id and the offset of the last packet in CONNECT',
  speaks: ({ path }) => /[?&]EIO=[34](&|$)/.test(path),
  listen: (opening) => new Conversation(opening, false),
  join: (options) => new Client(options),
  host: (options) => new Server(options),
};
export default adapter;

/** Reads both directions: whether there is Socket.IO in it, and whether its packets carry offsets, only the other packets say. */
class Conversation implements Dialogue {
  /** Undefined before the first packet; false once it was none. */
  private engine: boolean | undefined;
  private socket: boolean;
  /** The session began with long polling: its handshake, and CONNECT, were there. */
  private readonly upgraded: boolean;
  private readonly decoders = { up: new Decoder(), down: new Decoder() };

  /** `recovers`: its packets carry offsets. A server sends those that were missed before it answers CONNECT. */
  constructor(
    { path }: Opening,
    private recovers: boolean,
  ) {
    this.upgraded = /[?&]sid=/.test(path);
    this.socket = this.upgraded && !path.startsWith('/engine.io');
  }

  read(dir: Direction, payload: Buffer, binary: boolean): readonly Packet[] | undefined {
    if (this.engine === undefined) this.engine = this.upgraded ? probes(payload) : opens(payload, binary);
    if (!this.engine) return undefined;
    if (binary) return this.socket ? this.decode(dir, payload) : [message(payload)];
    const type = String.fromCharCode(payload[0] ?? 0);
    const rest = payload.subarray(1);
    if (type === PING || type === PONG) return [{ kind: rest.length > 0 ? 'control' : 'heartbeat', payload: rest }];
    if (type !== MESSAGE) return /[0156]/.test(type) ? [{ kind: 'control', payload: rest }] : undefined;
    if (!this.socket && rest[0] !== 0x30) return [message(rest)];
    this.socket = true;
    return this.decode(dir, rest.toString());
  }

  /** The packet that this completes; of one with binary parts only the last part does. */
  private decode(dir: Direction, part: string | Buffer): readonly Packet[] | undefined {
    const found: SocketPacket[] = [];
    const decoder = this.decoders[dir];
    const take = (packet: SocketPacket) => found.push(packet);
    decoder.on('decoded', take);
    try {
      decoder.add(part);
    } catch {
      return undefined;
    } finally {
      decoder.off('decoded', take);
    }
    return found.map((packet) => this.told(dir, packet));
  }

  private told(dir: Direction, packet: SocketPacket): Packet {
    const { type, data } = packet;
    if ((type === EVENT || type === BINARY_EVENT) && Array.isArray(data)) {
      const last: unknown = data.at(-1);
      const offset = dir === 'down' && this.recovers && packet.id === undefined && typeof last === 'string';
      if (!offset) return message(json(data));
      // An event's arguments by number as on the wire, and the offset that the server put behind them.
      return { ...message(json({ ...data.slice(0, -1), offset: last })), cursor: last };
    }
    if (type === ACK || type === BINARY_ACK) return message(json(data));
    if (type === CONNECT) {
      const words = (data ?? {}) as { readonly pid?: unknown; readonly offset?: unknown };
      // A server that can restore a session names its private id.
      if (dir === 'down') this.recovers = typeof words.pid === 'string';
      else if (typeof words.offset === 'string') {
        this.recovers = true;
        return { ...control(data), cursor: words.offset };
      }
    }
    return control(data);
  }
}

class Client implements Peer {
  private readonly conversation: Conversation;
  private readonly namespaces: boolean;
  private readonly revision: '3' | '4';
  private pid: string | undefined;
  private offset: string | undefined;
  private beating: Disposable | undefined;
  private ready = false;

  constructor(private readonly options: PeerOptions) {
    const { path } = options.opening;
    this.conversation = new Conversation(options.opening, options.cursor !== undefined);
    this.revision = /[?&]EIO=3/.test(path) ? '3' : '4';
    this.namespaces = !path.startsWith('/engine.io');
    this.pid = options.cursor?.pid;
    this.offset = options.cursor?.offset;
  }

  get clientDriven(): boolean {
    return this.revision === '3';
  }

  get cursor(): Cursor | undefined {
    const { pid, offset } = this;
    return pid === undefined || offset === undefined ? undefined : { pid, offset };
  }

  /** The server speaks first. */
  open(): void {}

  receive(payload: Buffer, binary: boolean): readonly Packet[] | undefined {
    const packets = this.conversation.read('down', payload, binary);
    if (packets === undefined) {
      this.settle();
      return undefined;
    }
    if (!binary) this.answer(payload.subarray(0, 2).toString('latin1'), payload);
    for (const { cursor } of packets) if (cursor !== undefined) this.offset = cursor;
    return packets;
  }

  private answer(head: string, payload: Buffer): void {
    const { send, beats } = this.options;
    if (payload.length === 1 && head === PING && beats) send(PONG);
    if (head.startsWith(OPEN)) this.opened(words(payload, 1));
    if (!this.namespaces || this.ready) return;
    if (head === `${MESSAGE}${CONNECT}`) {
      const { pid } = words(payload, 2);
      this.pid = typeof pid === 'string' ? pid : undefined;
      this.settle();
    }
    if (head === `${MESSAGE}${CONNECT_ERROR}`)
      this.settle(`refused the Socket.IO CONNECT: ${payload.subarray(2, 200)}`);
    if (head.startsWith(CLOSE)) this.settle('closed the Engine.IO session');
  }

  private opened({ pingInterval }: Record<string, unknown>): void {
    const { send, beats, login, subscriptions } = this.options;
    if (this.revision === '3' && beats && typeof pingInterval === 'number')
      this.beating = every(pingInterval, () => send(PING));
    if (!this.namespaces) this.settle();
    // Of revision 3, and so of Socket.IO 2, the server connects the client to the main namespace by itself.
    if (!this.namespaces || this.revision === '3') return;
    const { pid, offset } = this;
    const words = { ...(login === undefined ? {} : parsed(login)), ...(pid === undefined ? {} : { pid, offset }) };
    const declared = [login, ...subscriptions].find((text) => text?.startsWith(`${MESSAGE}${CONNECT}`));
    send(declared ?? `${MESSAGE}${CONNECT}${Object.keys(words).length > 0 ? JSON.stringify(words) : ''}`);
  }

  private settle(refusal?: string): void {
    if (this.ready) return;
    this.ready = true;
    this.options.onReady(refusal);
    if (refusal !== undefined) return;
    for (const text of this.options.subscriptions) {
      if (text.startsWith(`${MESSAGE}${CONNECT}`) && this.revision === '4') continue;
      this.options.send(/^4\d/.test(text) || !this.namespaces ? text : `${MESSAGE}${EVENT}${eventOf(text)}`);
    }
  }

  wrap(payload: string | Buffer): string {
    return this.namespaces ? `${MESSAGE}${EVENT}${eventOf(payload.toString())}` : `${MESSAGE}${payload}`;
  }

  close(): void {
    this.beating?.[Symbol.dispose]();
  }
}

const SERVER_BEAT_MS = 15_000;
const SERVER = { pingInterval: SERVER_BEAT_MS, pingTimeout: 20_000, maxPayload: 1_000_000 };

class Server implements Host {
  private readonly sid = randomUUID();
  private readonly beating: Disposable | undefined;
  /** With its comma; undefined before the client is connected to one. */
  private namespace: string | undefined;

  constructor(private readonly options: HostOptions) {
    const { opening, send } = options;
    const driven = /[?&]EIO=3/.test(opening.path);
    const upgrades = /[?&]transport=polling/.test(opening.path) ? ['websocket'] : [];
    send(`${OPEN}${JSON.stringify({ sid: this.sid, upgrades, ...SERVER })}`);
    if (driven) this.connect('', {});
    else this.beating = every(SERVER_BEAT_MS, () => send(PING));
  }

  receive(payload: Buffer, binary: boolean): void {
    const text = binary ? '' : payload.toString();
    if (text === PING) this.options.send(PONG);
    const [, namespace = '', said = ''] = /^40(\/[^,]*,)?(.*)$/s.exec(text) ?? [];
    if (text.startsWith(`${MESSAGE}${CONNECT}`)) this.connect(namespace, parsed(said));
  }

  private connect(namespace: string, { offset }: Record<string, unknown>): void {
    this.namespace = namespace;
    const from = typeof offset === 'string' ? Number(offset.slice(1)) : Number.NaN;
    if (Number.isInteger(from)) for (const message of this.options.since(from)) this.push(message);
    this.options.send(`${MESSAGE}${CONNECT}${namespace}${JSON.stringify({ sid: this.sid, pid: 'holdfast' })}`);
  }

  push({ seq, text }: Numbered): void {
    if (this.namespace === undefined) return;
    this.options.send(`${MESSAGE}${EVENT}${this.namespace}["message",${text},"o${seq}"]`);
  }

  close(): void {
    this.beating?.[Symbol.dispose]();
  }
}

/** Either side's first packet is the server's `0{"sid":…}`; a tap hears nothing of the client's before it. */
function opens(payload: Buffer, binary: boolean): boolean {
  return !binary && payload.subarray(0, 2).toString('latin1') === `${OPEN}{` && 'sid' in words(payload, 1);
}

/** "The client sends a ping packet with a payload of `probe`" over the new transport. */
function probes(payload: Buffer): boolean {
  return payload.toString() === `${PING}probe`;
}

function words(payload: Buffer, from: number): Record<string, unknown> {
  return parsed(payload.subarray(from).toString());
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** An event as declared, `["join","room"]`, or the one that most examples listen to. */
function eventOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(Array.isArray(value) && typeof value[0] === 'string' ? value : ['message', value]);
  } catch {
    return JSON.stringify(['message', text]);
  }
}

function message(payload: Buffer): Packet {
  return { kind: 'message', payload };
}

function control(value: unknown): Packet {
  return { kind: 'control', payload: json(value) };
}

/** Binary parts are not looked into. */
function json(value: unknown): Buffer {
  const plain = (one: unknown): unknown => (Buffer.isBuffer(one) ? one.toString('base64') : one);
  const shallow = Array.isArray(value) ? value.map(plain) : value;
  return Buffer.from(JSON.stringify(shallow ?? null));
}
