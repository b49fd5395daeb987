import { randomUUID } from 'node:crypto';
import { generate, type IConnectPacket, type Packet as MqttPacket, type Parser, parser } from 'mqtt-packet';
import type { Adapter, Cursor, Dialogue, Host, HostOptions, Numbered, Packet, Peer, PeerOptions } from '../adapter.js';
import { every } from '../clock.js';
import type { Direction } from '../contract.js';

// "If the Keep Alive value is non-zero and the Server does not receive a Control Packet from the Client within one and a half
// times the Keep Alive time period, it MUST disconnect the Network Connection" [MQTT-3.1.2-24]; PINGREQ is answered by
// PINGRESP [MQTT-3.12.4-1].
const KEEPALIVE_S = 30;
const BEAT_MS = 15_000;

const adapter: Adapter = {
  id: 'mqtt',
  resumes: 'a session that the server keeps (clean session 0), with what is not acknowledged yet',
  speaks: ({ subprotocol }) => subprotocol === 'mqtt' || subprotocol === 'mqttv3.1',
  listen: () => new Conversation(),
  join: (options) => new Client(options),
  host: (options) => new Broker(options),
};
export default adapter;

/** "The receiver MUST NOT assume that MQTT Control Packets are aligned on WebSocket frame boundaries" [MQTT-6.0.0-2]. */
class Conversation implements Dialogue {
  private version = 4;
  private readonly streams: { [dir in Direction]?: Stream } = {};

  read(dir: Direction, payload: Buffer, binary: boolean): readonly Packet[] | undefined {
    return this.packets(dir, payload, binary)?.map(told);
  }

  packets(dir: Direction, payload: Buffer, binary: boolean): readonly MqttPacket[] | undefined {
    // "If any other type of data frame is received the recipient MUST close the Network Connection" [MQTT-6.0.0-1].
    if (!binary) return undefined;
    // The server speaks the version that CONNECT names, and never first.
    this.streams[dir] ??= new Stream(this.version);
    const packets = this.streams[dir]?.push(payload);
    for (const packet of packets ?? []) if (packet.cmd === 'connect') this.version = packet.protocolVersion ?? 4;
    return packets;
  }
}

class Stream {
  private readonly parser: Parser;
  private found: MqttPacket[] = [];
  private broken = false;

  constructor(version: number) {
    this.parser = parser({ protocolVersion: version });
    this.parser.on('packet', (packet: MqttPacket) => this.found.push(packet));
    this.parser.on('error', () => {
      this.broken = true;
    });
  }

  push(bytes: Buffer): readonly MqttPacket[] | undefined {
    if (!this.broken) this.parser.parse(Buffer.from(bytes));
    const { found } = this;
    this.found = [];
    return this.broken && found.length === 0 ? undefined : found;
  }
}

function told(packet: MqttPacket): Packet {
  if (packet.cmd === 'publish') {
    const payload = Buffer.from(packet.payload);
    // QoS 0 is "at most once", QoS 1 "at least once": then a repeat need not even be marked to be right.
    return {
      kind: 'message',
      payload,
      ...(packet.qos === 1 || packet.dup ? { repeat: true } : {}),
      ...(packet.qos === 0 ? { atMostOnce: true } : {}),
    };
  }
  const beat = packet.cmd === 'pingreq' || packet.cmd === 'pingresp';
  return { kind: beat ? 'heartbeat' : 'control', payload: Buffer.from(packet.cmd) };
}

class Client implements Peer {
  readonly clientDriven = true;
  private readonly conversation = new Conversation();
  private readonly id: string;
  private readonly topic: { readonly topic: string; readonly qos: 0 | 1 | 2 } | undefined;
  private beating: Disposable | undefined;
  private messageId = 1;

  constructor(private readonly options: PeerOptions) {
    this.id = options.cursor?.clientId ?? `holdfast-${randomUUID().slice(0, 8)}`;
    this.topic = options.subscriptions.map(topicOf).find((topic) => topic !== undefined);
  }

  get cursor(): Cursor | undefined {
    return this.options.resumable ? { clientId: this.id } : undefined;
  }

  open(): void {
    const { login, resumable } = this.options;
    const { username, password } = login === undefined ? {} : (objectIn(login) as Record<string, unknown>);
    const clean = !resumable;
    this.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: this.id,
      clean,
      keepalive: KEEPALIVE_S,
      ...(username === undefined ? {} : { username: String(username) }),
      ...(password === undefined ? {} : { password: Buffer.from(String(password)) }),
    });
  }

  receive(payload: Buffer, binary: boolean): readonly Packet[] | undefined {
    const packets = this.conversation.packets('down', payload, binary);
    for (const packet of packets ?? []) this.answer(packet);
    return packets?.map(told);
  }

  private answer(packet: MqttPacket): void {
    const { onReady, beats } = this.options;
    if (packet.cmd === 'connack') {
      if (beats) this.beating = every(BEAT_MS, () => this.send({ cmd: 'pingreq' }));
      const { topic, messageId } = this;
      if (packet.returnCode !== 0) onReady(`the MQTT CONNECT was refused (return code ${packet.returnCode})`);
      // A session that the server still has keeps its subscriptions.
      else if (topic === undefined || packet.sessionPresent) onReady();
      else this.send({ cmd: 'subscribe', messageId, subscriptions: [topic] });
    }
    if (packet.cmd === 'suback') onReady(packet.granted[0] === 0x80 ? 'the MQTT subscription was refused' : undefined);
    const { messageId = 0 } = packet;
    if (packet.cmd === 'publish' && packet.qos === 1) this.send({ cmd: 'puback', messageId });
    if (packet.cmd === 'publish' && packet.qos === 2) this.send({ cmd: 'pubrec', messageId });
    if (packet.cmd === 'pubrel') this.send({ cmd: 'pubcomp', messageId });
    if (packet.cmd === 'pubrec') this.send({ cmd: 'pubrel', messageId });
  }

  /** To its own topic, so that who else asked for that gets it. */
  wrap(payload: string | Buffer): Buffer {
    this.messageId = (this.messageId % 0xffff) + 1;
    const topic = (this.topic?.topic ?? '#').replace(/[+#]/g, 'holdfast');
    return generate({ cmd: 'publish', topic, payload, qos: 1, dup: false, retain: false, messageId: this.messageId });
  }

  close(): void {
    this.beating?.[Symbol.dispose]();
  }

  private send(packet: MqttPacket): void {
    this.options.send(generate(packet));
  }
}

/** What a broker keeps of a client that asked for a session that lasts. */
interface Session {
  readonly topics: Map<string, 0 | 1>;
  acknowledged: number;
}

class Broker implements Host {
  private readonly conversation = new Conversation();
  private session: Session | undefined;
  private version = 4;
  /** Numbers by packet identifier, until acknowledged. */
  private readonly sent = new Map<number, number>();

  constructor(private readonly options: HostOptions) {}

  receive(payload: Buffer, binary: boolean): void {
    for (const packet of this.conversation.packets('up', payload, binary) ?? []) this.answer(packet);
  }

  private answer(packet: MqttPacket): void {
    const { messageId = 0 } = packet;
    if (packet.cmd === 'connect') this.admit(packet);
    if (packet.cmd === 'pingreq') this.say({ cmd: 'pingresp' });
    if (packet.cmd === 'publish' && packet.qos === 1) this.say({ cmd: 'puback', messageId });
    if (packet.cmd === 'publish' && packet.qos === 2) this.say({ cmd: 'pubrec', messageId });
    if (packet.cmd === 'pubrel') this.say({ cmd: 'pubcomp', messageId });
    if (packet.cmd === 'puback' && this.session)
      this.session.acknowledged = Math.max(this.session.acknowledged, this.sent.get(messageId) ?? 0);
    if (packet.cmd !== 'subscribe') return;
    // Not more than QoS 1, which a server may grant in place of 2.
    for (const { topic, qos } of packet.subscriptions) this.session?.topics.set(topic, qos === 0 ? 0 : 1);
    this.say({ cmd: 'suback', messageId, granted: packet.subscriptions.map(({ qos }) => Math.min(1, qos)) });
  }

  private admit({ clientId, clean, protocolVersion = 4 }: IConnectPacket): void {
    const { memory, since } = this.options;
    this.version = protocolVersion;
    const kept = clean === false ? (memory.get(clientId) as Session | undefined) : undefined;
    this.session = kept ?? { topics: new Map(), acknowledged: 0 };
    if (clean === false) memory.set(clientId, this.session);
    else memory.delete(clientId);
    this.say({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: kept !== undefined });
    if (kept && kept.acknowledged > 0) for (const message of since(kept.acknowledged)) this.push(message);
  }

  push({ seq, text }: Numbered): void {
    for (const [filter, qos] of this.session?.topics ?? []) {
      const topic = filter.replace(/[+#]/g, 'holdfast');
      const messageId = (seq % 0xffff) + 1;
      if (qos === 1) this.sent.set(messageId, seq);
      this.say({ cmd: 'publish', topic, payload: text, qos, dup: false, retain: false, messageId });
    }
  }

  close(): void {}

  private say(packet: MqttPacket): void {
    this.options.send(generate(packet, { protocolVersion: this.version }));
  }
}

/** `{"topic":"ticks","qos":1}`; QoS 1 unless said otherwise, since less may lose what is missed. */
function topicOf(text: string): { readonly topic: string; readonly qos: 0 | 1 | 2 } | undefined {
  const { topic, qos } = objectIn(text) as { readonly topic?: unknown; readonly qos?: unknown };
  if (typeof topic !== 'string') return undefined;
  return { topic, qos: qos === 0 || qos === 2 ? qos : 1 };
}

function objectIn(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
