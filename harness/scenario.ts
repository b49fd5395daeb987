import type { Cursor } from './adapter.js';
import type {
  CallPattern,
  EventBody,
  Facts,
  Fault,
  Gate,
  Injection,
  MessageFacts,
  Observer,
  Phase,
  Record_,
  RunOptions,
  ScenarioMeta,
  Slot,
  Target,
} from './contract.js';
import type { Unit } from './define.js';
import type { Envelope } from './path/event-stream.js';
import type { GateOptions } from './path/gate.js';
import type { ToxicPath } from './path/toxic-path.js';
import type { ReferenceServer } from './protocol.js';
import type { Random } from './random.js';
import type { ClientOptions, StartedClient } from './target/client.js';
import type { StartedServer } from './target/server.js';

/** A workload and a fault schedule in three phases: baseline -> fault -> recovery. */
export interface Scenario extends ScenarioMeta {
  run(context: ScenarioContext): Promise<void>;
}

/** Where a session or a gate leads: the target's server, or a reference server of ours. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface SessionOptions {
  /** Told apart in the history by it. */
  readonly name: string;
  readonly to: Address;
  /** Values to present: declared slots, `{id}` filled in already. */
  readonly slots?: readonly Slot[];
  /** Send no declared subscription. */
  readonly bare?: boolean;
  readonly compress?: boolean;
  readonly origin?: string;
  readonly sourceHost?: string;
  readonly openTimeoutMs?: number;
  readonly onMessage?: (message: ReceivedMessage) => void;
  /** Keep no record of this session's messages (for floods). */
  readonly silent?: boolean;
  /** Never answer a close frame, never end TCP: a client that ignores the goodbye. */
  readonly deaf?: boolean;
  /** Of gRPC: keeps its connection when its call is over, as a channel does, until the server says GOAWAY. */
  readonly staysConnected?: boolean;
  /** Of gRPC: open only with the head of the answer, also where a server may have nothing to say yet. */
  readonly answered?: boolean;
  /** Of gRPC: how much of a call's answer may be under way (RFC 9113, SETTINGS_INITIAL_WINDOW_SIZE). */
  readonly streamWindowBytes?: number;
  /** Sends no heartbeat of the subprotocol's, and answers none. */
  readonly mute?: boolean;
  /** It may want to come back: where the subprotocol has a way, the server is asked to remember it. */
  readonly resumable?: boolean;
  /** Where an earlier session of the subprotocol was. */
  readonly cursor?: Cursor;
}

export interface ReceivedMessage {
  readonly atMs: number;
  /** The application's: without what a subprotocol puts around it. */
  readonly payload: Buffer;
  readonly binary: boolean;
  /** What stands around an event's data (SSE). */
  readonly envelope?: Envelope;
}

export interface SessionEnd {
  readonly atMs: number;
  /** The code of a close frame; undefined where none came. */
  readonly closeCode: number | undefined;
  /** Nothing was left to come: status OK (gRPC). */
  readonly complete?: boolean;
  /** We ended it ourselves: more came in one message than is read of any. */
  readonly unread?: boolean;
  /** Why ours could not read on. */
  readonly failure?: string | undefined;
}

/** A close frame as it came, before TCP ended. */
export interface Goodbye {
  readonly atMs: number;
  /** Undefined where the frame held none. */
  readonly code: number | undefined;
  /** Its reason: of the server's own words nothing may be kept but what was concluded from them. */
  readonly text: string;
}

/** One open client session of our own driver. */
export interface Session extends AsyncDisposable {
  readonly name: string;
  readonly isOpen: boolean;
  readonly openedAtMs: number;
  /** Our end of the TCP connection. */
  readonly localPort: number;
  /** As negotiated: `permessage-deflate; ...`. */
  readonly extensions: string;
  /** The adapter of its subprotocol, where there is one. */
  readonly adapter: string | undefined;
  /** In its subprotocol it is the client that beats. */
  readonly clientDriven: boolean;
  /** What it would present to go on where it is. */
  readonly cursor: Cursor | undefined;
  readonly end: SessionEnd | undefined;
  readonly goodbye: Goodbye | undefined;
  /** Of gRPC: what its last call that was not OK ended with. */
  readonly refusal?: string | undefined;
  /** How long it was told to wait before it comes back, the last time that it was (SSE `retry:`, pushback of gRPC). */
  readonly retry: { readonly ms: number; readonly atMs: number } | undefined;
  /** Messages of the application's. */
  readonly received: number;
  readonly receivedBytes: number;
  /** Of the answer to its handshake. */
  header(name: string): string | undefined;
  /** Bytes handed to the socket and not yet taken by the kernel. */
  readonly unsentBytes: number;
  send(payload: string | Buffer): void;
  /** The message that `send` makes of it. */
  wrap(payload: string | Buffer): string | Buffer;
  /** One fragment of a message that is given as it is. */
  sendFragment(part: string | Buffer, last: boolean): void;
  /** Bytes as they are, past the library: for what a correct peer never sends. */
  sendRaw(bytes: Buffer): void;
  /** The head of a text frame of this many bytes, and a few of them. */
  sendHead(bytes: number): void;
  /** A message whose compressed form is given: only where permessage-deflate was negotiated. */
  sendCompressed(deflated: Buffer): void;
  /** Milliseconds until the pong with this payload; undefined when none came within `timeoutMs`. */
  ping(payload: Buffer, timeoutMs: number): Promise<number | undefined>;
  /** A legal unsolicited sign of life. */
  pong(): void;
  close(code: number): void;
  terminate(): void;
  /** A reset: what a crashed peer's kernel sends. */
  abort(): void;
  ended(timeoutMs: number): Promise<SessionEnd | undefined>;
  onMessage(listener: (message: ReceivedMessage) => void): void;
}

/** What became of an attempt to open a session. */
export interface Refusal {
  readonly refused: true;
  /** HTTP status, or undefined where the connection failed before one. */
  readonly status: number | undefined;
  readonly reason: string;
}

export interface GateRequest {
  readonly name: string;
  readonly to: Address;
  /** In place of a port of 127.0.0.1 that the kernel chooses. */
  readonly listen?: Address;
  /** Decode what passes, which costs time under a flood; of HTTP/2 `frames` only finds where they end. */
  readonly tap?: boolean | 'frames';
  /** Records nothing: a hop of ours in the midst of a path that is watched elsewhere. */
  readonly silent?: true;
  /** The door of one newcomer, where it is another than everybody's. */
  readonly admit?: GateOptions['admit'];
  /** In place of the run's. */
  readonly observer?: Observer;
  /** Sees what the gate records, as it happens. */
  readonly onEvent?: (event: EventBody, atMs: number) => void;
}

/** What the preflight found out about a server's traffic; every scenario's history repeats it as the measure `workload`. */
export interface Workload {
  /** The server sends of itself. */
  readonly push: boolean;
  readonly pushPerS: number;
  /** What a client sends comes back to it. */
  readonly echo: boolean;
  /** What a client sends arrives at other clients. */
  readonly broadcast: boolean;
  /** The form of client message that got an answer. */
  readonly form: 'json' | 'text' | 'none';
  /** Largest of our probe sizes that came back. */
  readonly maxBytes: number;
  /** permessage-deflate is negotiated when offered. */
  readonly deflate: boolean;
  /** The client takes no URL without TLS, and came with one that has it. */
  readonly speaksTls: boolean;
  /** The client asks by POST for its streams, which so have an end (CHECKLIST rule 17). */
  readonly clientPosts: boolean;
  /** The server is asked by POST. */
  readonly serverPosted: boolean;
  /** The server ends each call by itself, with nothing wrong. */
  readonly answersEnd: boolean;
  /** Of gRPC: a serialized FileDescriptorSet in base64, told by reflection; empty where the target names a .proto. */
  readonly services: string;
  /** Of gRPC: how many messages a call of the target's method has each way. */
  readonly pattern: CallPattern | null;
}

export interface ScenarioContext {
  readonly target: Target;
  readonly workload: Workload;
  readonly options: RunOptions;
  readonly random: Random;
  readonly observer: Observer;
  readonly signal: AbortSignal;
  readonly record: Record_;
  /** A window of a healthy target's time under the run's scale. */
  ms(window: number): number;
  /** Watches for `condition` through a window; undefined when the window passed without it. Ends at once on an interrupt. */
  watch<T>(windowMs: number, condition?: () => T | Promise<T>, stepMs?: number): Promise<T | undefined>;
  phase(phase: Phase, label?: string): void;
  obstacle(code: string, text: string): void;
  measure(name: string, facts: Facts): void;
  samples(name: string, unit: string, values: readonly number[]): void;
  /** A fresh copy of the target's server (or the running one, for a URL). */
  startServer(options?: {
    readonly name?: string;
    readonly env?: Readonly<Record<string, string>>;
    /** How many descriptors each of its processes may have open. */
    readonly openFiles?: number;
    /** Of a copy that is gone, to come back on. */
    readonly port?: number;
  }): Promise<StartedServer>;
  /** A reference server of ours, for a lone client. */
  startReference(): Promise<ReferenceServer>;
  /** Of gRPC, whose channels may have several servers: where else than at our gates this client has a connection, and so may make its calls. */
  elsewhere(client: StartedClient): Promise<string | null>;
  /** A fresh copy of the target's client, told to go to this gate. */
  startClient(
    options: {
      readonly name: string;
      readonly gate: Gate;
      /** By the protocol's scheme for TLS. */
      readonly secure?: true;
      /** A name in place of the gate's address. */
      readonly host?: string;
      readonly env?: Readonly<Record<string, string>>;
    } & Pick<ClientOptions, 'settleMs' | 'onReport'>,
  ): Promise<StartedClient>;
  openGate(request: GateRequest): Promise<Gate>;
  /** A path with Toxiproxy in it, still without a toxic. `tapFar`: what the server sees is decoded too. */
  openToxicPath(request: {
    readonly name: string;
    readonly to: Address;
    readonly tapFar?: boolean;
    readonly silent?: true;
  }): Promise<ToxicPath>;
  openSession(options: SessionOptions): Promise<Session | Refusal>;
  /** Like `openSession`, for where a refusal makes the scenario impossible. */
  mustOpen(options: SessionOptions): Promise<Session>;
  inject<Subject, Params extends Facts>(
    fault: Unit<'fault', Fault<Subject, Params>>,
    subject: Subject,
    params: Params,
    who?: string,
  ): Promise<Injection>;
  /** Disposed, last first, at the scenario's end, whatever happened. */
  defer<T extends AsyncDisposable | Disposable>(resource: T): T;
}

export type { EventBody, MessageFacts };
