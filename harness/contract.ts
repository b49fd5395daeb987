/**
 * The nouns of Holdfast as types (DESIGN section 1). Imports nothing of ours.
 *
 *   config + seed -> plan -> run [ client <-> gate <-> toxiproxy <-> gate <-> server | probes beside ]
 *         -> history -> judge (checks, pure) -> run.json -> reporters
 */
import type { Socket } from 'node:net';

export type Role = 'client' | 'server' | 'system';
export type Level = 'MUST' | 'SHOULD' | 'MAY';
export type Outcome = 'pass' | 'fail' | 'inconclusive' | 'skipped';
export type Phase = 'baseline' | 'fault' | 'recovery' | 'done';
/** Toward the server is `up`, toward the client is `down`. */
export type Direction = 'up' | 'down';
/** How an end came: FIN (orderly), RST (reset), or `none` (still open when the watching stopped). */
export type EndKind = 'FIN' | 'RST' | 'none';
/** Of a gRPC method: how many messages a call has in each direction. */
export type CallPattern = 'unary' | 'client-streaming' | 'server-streaming' | 'bidirectional';

// ---------------------------------------------------------------- history

/** A value of a message as an observer may keep it: strings only as keyed hash and length; `number` where one is written in it. */
export type Scalar =
  | number
  | boolean
  | null
  | { readonly hash: string; readonly length: number; readonly number?: number };

/** What an observer keeps of one message or control frame. `fields` are scalars by JSON pointer, and those around an event's data by name. */
export interface MessageFacts {
  /**
   * WebSocket's, and of a stream of events `comment`; there `close` is the orderly end of the answer's body. Of HTTP/2
   * `ping`, `pong` (its ACK) and `close`: with `stream` the END_STREAM of that side, without it GOAWAY.
   */
  readonly opcode: 'text' | 'binary' | 'ping' | 'pong' | 'close' | 'comment';
  readonly bytes: number;
  readonly hash: string;
  /** HTTP/2's stream identifier. */
  readonly stream?: number;
  /** `json`: parsed; `opaque`: not JSON. Absent on control frames. */
  readonly form?: 'json' | 'opaque' | 'empty';
  readonly fields?: Readonly<Record<string, Scalar>>;
  readonly closeCode?: number;
  /** A packet of a subprotocol that is no message of the application's (adapter.ts). */
  readonly packet?: 'heartbeat' | 'control';
  /** By its words it tells the end of its stream (SSE). */
  readonly notice?: true;
  /** Where the subprotocol has one of its own: what a client presents to go on behind this message, or presents in it. */
  readonly cursor?: Scalar;
  /** By the subprotocol it may have been delivered before, or is never sent again. */
  readonly repeat?: boolean;
  readonly atMostOnce?: boolean;
}

export type EventBody =
  | { readonly type: 'phase'; readonly phase: Phase; readonly label?: string }
  /** `who` names the injection; a `bite` is the evidence that the fault acted. */
  | {
      readonly type: 'fault';
      readonly fault: string;
      readonly what: 'inject' | 'bite' | 'heal';
      readonly who: string;
      readonly facts: Facts;
    }
  /** One TCP connection as a gate sees it. `by`: whose end came first. `gate` as cause means our own doing. */
  | {
      readonly type: 'connection';
      readonly gate: string;
      readonly conn: number;
      readonly what: 'start' | 'first-bytes';
    }
  | {
      readonly type: 'connection';
      readonly gate: string;
      readonly conn: number;
      readonly what: 'end';
      readonly by: 'client' | 'server' | 'gate';
      readonly how: EndKind;
      readonly upBytes: number;
      readonly downBytes: number;
    }
  /** HTTP heads as decoded by a gate (or by the driver where TLS hides them). Names only where values may be secret. */
  | {
      readonly type: 'handshake';
      readonly gate: string;
      readonly conn: number;
      readonly dir: Direction;
      readonly status?: number;
      /** HTTP/2's stream identifier; below, `:path` of a gRPC call and its `grpc-timeout` (PROTOCOL-HTTP2.md, "Requests"). */
      readonly stream?: number;
      readonly rpc?: string;
      readonly deadlineMs?: number;
      readonly subprotocol?: string;
      readonly extensions?: string;
      /** Of a request, where the protocol has several. */
      readonly method?: string;
      /** The answer begins a session. */
      readonly opens?: boolean;
      /** Headers of an answer that hold nobody's secret, as they are. */
      readonly headers?: Readonly<Record<string, string>>;
      /** Scalars of the query (`?name`) and of the headers (`name`), as an observer may keep them. */
      readonly fields?: Readonly<Record<string, Scalar>>;
    }
  /** An HTTP/2 frame that carries no message (RFC 9113, section 6). `stream` 0 is the connection. */
  | {
      readonly type: 'frame';
      readonly gate: string;
      readonly conn: number;
      readonly dir: Direction;
      readonly frame: 'SETTINGS' | 'PING' | 'GOAWAY' | 'RST_STREAM' | 'WINDOW_UPDATE' | 'PUSH_PROMISE';
      readonly stream: number;
      readonly ack?: true;
      /** Error code of GOAWAY and RST_STREAM (section 7). */
      readonly code?: number;
      /** Last-Stream-ID of GOAWAY. */
      readonly lastStream?: number;
      /** Bytes that WINDOW_UPDATE adds. */
      readonly increment?: number;
      /** Values by the names of section 6.5.2, or by number. */
      readonly settings?: Readonly<Record<string, number>>;
    }
  /** The end of a gRPC answer; `grpcStatus` is absent where none came (PROTOCOL-HTTP2.md, "Responses"). `fields` as in a handshake. */
  | {
      readonly type: 'trailers';
      readonly gate: string;
      readonly conn: number;
      readonly stream: number;
      readonly grpcStatus?: number;
      readonly fields?: Readonly<Record<string, Scalar>>;
    }
  | ({ readonly type: 'message'; readonly gate: string; readonly conn: number; readonly dir: Direction } & MessageFacts)
  | {
      readonly type: 'undecodable';
      readonly gate: string;
      readonly conn: number;
      readonly dir: Direction;
      readonly reason: string;
    }
  /** A session of our own driver. `name` is given by the scenario ("victim", "witness"). */
  | {
      readonly type: 'session';
      readonly name: string;
      readonly what: 'open' | 'refused' | 'error' | 'end';
      readonly status?: number;
      readonly closeCode?: number;
      readonly ended?: EndKind;
      readonly reason?: string;
      readonly tookMs?: number;
    }
  | {
      readonly type: 'process';
      readonly process: string;
      readonly what: 'spawn' | 'ready' | 'signal' | 'exit' | 'crash' | 'port-gone' | 'killed';
      readonly pid?: number;
      readonly code?: number | null;
      readonly signal?: string | null;
      readonly facts?: Facts;
    }
  /** What a client's application reported on stdout. Carries order, not time. */
  | { readonly type: 'report'; readonly process: string; readonly event: string; readonly id?: Scalar }
  | { readonly type: 'memory'; readonly process: string; readonly rssBytes: number }
  /** Event-loop delay of a process of ours over the last second. */
  | { readonly type: 'loop'; readonly who: string; readonly p99Ms: number; readonly maxMs: number }
  /** A measurement of the scenario's own (a ping's answer, a round trip, bytes withheld): `name` is stable, values in `facts`. */
  | { readonly type: 'measure'; readonly name: string; readonly facts: Facts }
  | { readonly type: 'samples'; readonly name: string; readonly unit: string; readonly values: readonly number[] }
  /** The scenario could not do (all of) what it should; `code` is stable, `text` a sentence for the reader. */
  | { readonly type: 'obstacle'; readonly code: string; readonly text: string };

export type Facts = Readonly<Record<string, number | string | boolean | null>>;

/** `seq` from 1 in order of arrival at the parent, `t` milliseconds since the run began (monotonic). */
export type HistoryEvent = EventBody & { readonly seq: number; readonly t: number; readonly scenario: string };
export type EventOf<T extends EventBody['type']> = Extract<HistoryEvent, { type: T }>;

/** Gives an event to the history; `t` defaults to now. Times are `nowMs()` stamps, made relative by the runner. */
export type Record_ = (event: EventBody, atMs?: number) => void;

// ---------------------------------------------------------------- targets

/** Where a value goes: a query parameter, a header, or the first message (JSON text). `{id}` is the last id. */
export type Slot =
  | { readonly in: 'query'; readonly name: string; readonly value: string }
  | { readonly in: 'header'; readonly name: string; readonly value: string }
  | { readonly in: 'message'; readonly text: string }
  | { readonly in: 'none' };

export interface ServerSpec {
  /** A command to execute, or `url` of one that is running already. */
  readonly command?: string;
  readonly url?: string;
  /** An image in place of a program; `command` tells it in words then. Only in a config. */
  readonly container?: ContainerSpec;
  readonly port?: number;
  readonly readyLog?: string;
  readonly readyUrl?: string;
  readonly healthUrl?: string;
  readonly metricsUrl?: string;
  readonly stopSignal: NodeJS.Signals;
  readonly graceMs: number;
  readonly serialCopies: boolean;
  readonly quietEnv: Readonly<Record<string, string>>;
  readonly pressureEnv: Readonly<Record<string, string>>;
}

export interface ContainerSpec {
  readonly image: string;
  /** In place of the image's own. */
  readonly command?: readonly string[];
  /** On which it listens within the container. */
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** In place of the image's own. */
  readonly stopSignal?: NodeJS.Signals;
}

export interface ClientSpec {
  readonly command: string;
  /** A fixed port for the gate, for a client that has its own. */
  readonly listen?: number;
  /** What makes it send at least 100 KB/s. */
  readonly pressureEnv: Readonly<Record<string, string>>;
}

/** A session by hand as a file tells it (docs/session.md). */
export interface HandScenario {
  readonly schema: 'holdfast.scenario/1';
  readonly about: string;
  readonly protocol: string;
  readonly seed: number;
  /** Connections that were open when it began: so many are waited for. */
  readonly connections: number;
  /** From then to the end; the times of the steps begin there too. */
  readonly lengthMs: number;
  readonly steps: readonly HandStep[];
  /** The checks that it had shown enough to. */
  readonly judged: readonly string[];
}

export type HandStep =
  | {
      readonly atMs: number;
      readonly do: 'inject';
      readonly act: number;
      /** How often it was still to come. */
      readonly left: number;
      readonly fault: string;
      readonly params: Facts;
      readonly on: 'all' | { readonly share: number } | { readonly nth: number };
    }
  | { readonly atMs: number; readonly do: 'heal'; readonly act: number };

export interface Target {
  readonly name: string;
  readonly protocol: string;
  readonly roles: readonly Role[];
  readonly server?: ServerSpec;
  readonly client?: ClientSpec;
  /** Path and query of the endpoint, beginning with '/'. */
  readonly path: string;
  /** What our own sessions offer: `websocket/mqtt` as protocol. */
  readonly subprotocol?: string;
  /** Of gRPC: the file that describes the service, and the method that is called, `pkg.Service/Method`. */
  readonly proto?: string;
  readonly method?: string;
  readonly subscribe?: Slot;
  readonly resume?: Slot;
  readonly auth?: Slot;
  readonly badAuth?: Slot;
  /** A field name or JSON pointer. */
  readonly sequence?: string;
  readonly delivery: 'reliable' | 'latest';
  /** A JSON message that has an effect, once for each `{id}`. Only in a config. */
  readonly command?: Slot;
  /** What was done by hand once, and is done again in place of the checklist's own scenarios. Only in a config. */
  readonly replay?: HandScenario;
  /** Thresholds tightened or relaxed, by check id. */
  readonly expect: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly severity: Readonly<Record<string, 'off' | 'warn' | 'error'>>;
  readonly known: readonly Waiver[];
  /** Limits for numbers that checks report (budget.ts). Only in a config. */
  readonly budgets?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly insecure: boolean;
  readonly caFile?: string;
  /** What our sessions show a server that asks for it (mTLS). Only in a config. */
  readonly clientCertificate?: { readonly certFile: string; readonly keyFile: string };
}

/** A failing that is known: its check still runs and fails no gate. Only in a config. */
export interface Waiver {
  readonly check: string;
  readonly reason: string;
  /** The last day on which it holds, `2027-03-31`. */
  readonly until: string;
}

export interface RunOptions {
  readonly seed: number;
  /** Multiplies every window; 1 but for targets that honour HOLDFAST_SCALE. */
  readonly scale: number;
  /** Client processes where attempts are compared. */
  readonly copies: number;
  /** Sessions in a storm. */
  readonly clients: number;
  readonly long: boolean;
  /** Seconds after which an idle proxy acts, in place of 30, 60 and 100. */
  readonly idleS?: number;
  readonly engine: string;
  readonly only: readonly string[];
  readonly skip: readonly string[];
  /** How many runs this one sums up; left out of a single one. */
  readonly repeat?: number;
}

// ---------------------------------------------------------------- checks

type ProtocolWord = 'level' | 'title' | 'why' | 'fix' | 'source' | 'unless';

export interface CheckMeta {
  /** `<protocol>/<problem>`; in suites/shared just `<problem>`: the catalog makes one for each protocol. */
  readonly id: string;
  /** Of a shared check: the protocols that it is proven for. */
  readonly protocols?: readonly string[];
  /** Of a shared check: what one protocol says in words, or at a level, of its own. */
  readonly inProtocol?: Readonly<Record<string, Partial<Pick<CheckMeta, ProtocolWord>>>>;
  readonly level: Level;
  /** Which of the ten anti-patterns, if any. */
  readonly antiPattern: number | null;
  readonly role: 'client' | 'server';
  /** The scenario whose events it reads. */
  readonly scenario: string;
  /** The rule: "MUST send a heartbeat at least every 30 s". */
  readonly title: string;
  readonly why: string;
  readonly fix: string;
  /** The specification's sentence or the measurement that the rule stands on. */
  readonly source: string;
  /** Name and unit of each number it reports. */
  readonly measured: Readonly<Record<string, string>>;
  /** Thresholds with defaults; a target's `expect` may change them. Times under `--scale` are multiplied where named in `scaled`. */
  readonly expect: Readonly<Record<string, number>>;
  readonly scaled?: readonly string[];
  /** The number of `measured` that says on how many samples it rests. */
  readonly samples?: string;
  /** Numbers that decide, each with its threshold (and the outcome, where it is the threshold of just one): how near was it? */
  readonly decidedBy?: readonly (readonly [measured: string, threshold: string, of?: 'pass' | 'fail'])[];
  /** Checks whose failure makes this one `skipped (follows from X)`. */
  readonly needs?: readonly string[];
  /** Checks that the same cause may trip; the proof table allows just those. */
  readonly implies?: readonly string[];
  /** Which streams it is asked of: those without an end (the default), those with one, as an LLM's answer to a POST has, or both. */
  readonly streams?: 'endless' | 'finite' | 'any';
  /** Of gRPC: which methods it is asked of; all of them where left out. */
  readonly patterns?: readonly CallPattern[];
  /** It decides or tells by how the server's end of a connection came, or by a refused connection. */
  readonly byEnds?: true;
  /** What it must say of the control clients of the self-check, where it is asked of them (CHECKLIST rule 6). */
  readonly controls?: Readonly<Partial<Record<ControlKind, 'pass' | 'fail'>>>;
  /** A reason to skip, from what the target declares; undefined where it applies. */
  readonly unless?: (target: Target) => string | undefined;
  /** What its scenario reads out of a session by hand is enough for it. */
  readonly byHand?: true;
}

export interface Finding {
  readonly outcome: Outcome;
  /** What was seen, one sentence. */
  readonly actual: string;
  readonly measured?: Readonly<Record<string, number | string | boolean | null | readonly (number | string)[]>>;
  /** The events that it rests on. */
  readonly because?: readonly HistoryEvent[];
  /** Why nothing could be concluded, or why it was skipped. */
  readonly reason?: string;
  readonly view?: 'wire' | 'application';
  readonly confidence?: 'high' | 'medium' | 'low';
  readonly conformant?: boolean;
  /** Where the finding concerns a part that is only a SHOULD. */
  readonly level?: Level;
  /** The fix for this very finding, where it says more than the check's. */
  readonly fix?: string;
  /** With this event the question was answered for good: what the server dies of later takes nothing from it. */
  readonly settledBy?: HistoryEvent;
  /** Of one that is skipped: the check (without its protocol) whose failure this is, by what was seen here. */
  readonly followsFrom?: string;
}

/** The events of one check's scenario, in order. Reading only. */
export interface HistoryView {
  readonly events: readonly HistoryEvent[];
  of<T extends EventBody['type']>(type: T): readonly EventOf<T>[];
  /** The bites of a fault. */
  bites(fault: string): readonly EventOf<'fault'>[];
  measures(name: string): readonly EventOf<'measure'>[];
  samples(name: string): readonly number[];
  /** When the phase began, or undefined. */
  phaseAt(phase: Phase, label?: string): number | undefined;
}

export interface JudgeContext {
  readonly target: Target;
  readonly options: RunOptions;
  readonly expect: Readonly<Record<string, number>>;
}

export interface Check extends CheckMeta {
  readonly judge: (history: HistoryView, context: JudgeContext) => Finding;
  /** At least one history that passes and one that fails: a check that cannot fail is refused by the catalog. */
  readonly examples: { readonly pass: readonly EventBodyAt[]; readonly fail: readonly EventBodyAt[] };
}
/** `[t, event]`, t in milliseconds. */
export type EventBodyAt = readonly [number, EventBody];

export interface Margin {
  readonly measured: string;
  readonly threshold: string;
  readonly share: number;
}

export interface Verdict {
  readonly check: string;
  readonly level: Level;
  readonly antiPattern: number | null;
  readonly role: 'client' | 'server';
  readonly outcome: Outcome;
  readonly title: string;
  readonly expected: string;
  readonly actual: string;
  readonly measured: Readonly<Record<string, unknown>>;
  readonly threshold: Readonly<Record<string, number>>;
  readonly because: readonly number[];
  readonly scenario: string;
  readonly view: 'wire' | 'application';
  readonly confidence: 'high' | 'medium' | 'low';
  /** On how many samples it rests; null where they are not counted. */
  readonly samples: number | null;
  /** The number that came nearest to its threshold: 0.1 is 10 % of the threshold away from it. */
  readonly margin: Margin | null;
  readonly conformant: boolean | null;
  readonly waived: string | null;
  readonly reason: string | null;
  readonly fix: string;
  /** Of several runs: how often each outcome came, and in which run what stands here was seen. */
  readonly counts?: Readonly<Record<Outcome, number>>;
  readonly run?: number;
}

/** Whether a number kept to its budget. What could not be measured is inconclusive. */
export interface BudgetOutcome {
  /** As the config has it. */
  readonly budget: string;
  readonly check: string;
  readonly role: 'client' | 'server';
  readonly outcome: 'pass' | 'fail' | 'inconclusive';
  /** The number, or why there is none. */
  readonly actual: string;
  readonly value: number | null;
}

export interface Run {
  readonly schema: 'holdfast.run/1';
  readonly version: string;
  readonly seed: number;
  readonly replay: string;
  readonly engine: { readonly kind: 'toxiproxy' | 'docker' | 'embedded'; readonly version: string };
  readonly machine: { readonly node: string; readonly cpus: number; readonly platform: string };
  readonly target: Target;
  readonly options: RunOptions;
  readonly startedAt: string;
  readonly durationMs: number;
  /** Wall time against what DESIGN section 5 allows, in milliseconds. */
  readonly wall: { readonly quietMs: number; readonly busyMs: number; readonly limitMs: number };
  readonly verdicts: readonly Verdict[];
  readonly waivers: readonly WaiverState[];
  readonly budgets: readonly BudgetOutcome[];
  /** Null where the run was over before anything was seen of it. */
  readonly selfCheck: SelfCheck | null;
  readonly summary: Summary;
}

/** A client of known delays, by what it waits for: nothing, 1 s, doubled times, and two ways to draw them at random. */
export type ControlKind = 'none' | 'fixed' | 'exponential' | 'full-jitter' | 'decorrelated';

/** What the harness measured of itself in the same run, and what its checks said of the control clients. */
export interface SelfCheck {
  readonly timerP50Ms: number | null;
  readonly timerP99Ms: number | null;
  readonly proxyP50Ms: number | null;
  readonly proxyP99Ms: number | null;
  readonly processStartMs: number | null;
  readonly controls: readonly ControlVerdict[];
}

export interface ControlVerdict {
  readonly check: string;
  readonly client: ControlKind;
  readonly expected: 'pass' | 'fail';
  readonly outcome: Outcome;
}

/**
 * What a run says of a waiver. `passes` and `expired` are failures of the gate, whatever the level of the check; `unseen`: its
 * check was skipped, left out or inconclusive.
 */
export interface WaiverState extends Waiver {
  readonly state: 'holds' | 'passes' | 'expired' | 'unseen';
}

export interface Summary {
  readonly pass: number;
  readonly fail: number;
  readonly inconclusive: number;
  readonly skipped: number;
  /** MUST checks that were decided, of those that exist for the target's roles. */
  readonly mustSeen: readonly [number, number];
  /** MUST checks that the user left out (`--only`, `--skip`, severity off): as long as there are any, there is no grade. */
  readonly mustLeftOut: number;
  /** Failures that a waiver covers. */
  readonly waived: number;
  /** A server of the target's ended by itself. */
  readonly crashed: boolean;
  readonly grade: string | null;
}

// ---------------------------------------------------------------- path

/** What a gate does with a connection that comes in. */
export type Door =
  | { readonly kind: 'open' }
  /** Accept, wait for the client's first bytes (at most 1 s), reset (CHECKLIST rule 3). */
  | { readonly kind: 'refuse' }
  /** Accept, read, answer nothing. */
  | { readonly kind: 'hang' }
  /** Accept, wait for a whole HTTP request head, answer with these bytes, end. */
  | { readonly kind: 'answer'; readonly bytes: string }
  /** Somebody else answers in place of the server. */
  | { readonly kind: 'elsewhere'; readonly host: string; readonly port: number }
  /** The listening socket itself is closed: connects are refused by the kernel. */
  | { readonly kind: 'closed' };

export interface GateConnection {
  readonly id: number;
  readonly openedAtMs: number;
  /** A socket of it is still ours to close. */
  readonly alive: boolean;
  /** One side has ended it, or we have; true also while frozen. */
  readonly ended: boolean;
  /** Whose end was the first. */
  readonly endedBy: 'client' | 'server' | 'gate' | undefined;
  /** The client's end of its connection to the gate. */
  readonly clientPort: number;
  /** Our end of the connection to the server; 0 where there is none. */
  readonly upstreamPort: number;
  readonly upBytes: number;
  readonly downBytes: number;
  /** The server has begun to answer what the client asked for, where the protocol has words of its own before that (HTTP/2). */
  readonly served: boolean;
  /** Served, or the server has yet to answer a call on it: one that streams may send nothing for long. */
  readonly called: boolean;
  /** Grows with each message of the client's, and where those are not known with its bytes. */
  readonly said: number;
  /** Reads of the server's side. */
  readonly downChunks: number;
  /** Neither side's bytes are passed on. */
  readonly frozen: boolean;
  /** Bytes read while frozen and not passed on. */
  readonly withheldUpBytes: number;
  readonly withheldDownBytes: number;
  /** Read on and spool (to 64 MiB), forward nothing, close nothing; still notices a close by either side. */
  freeze(): void;
  /** Forward what was spooled and go on. */
  thaw(): void;
  /** A true RST to both sides. */
  reset(): void;
  /** FIN to both sides. */
  end(): void;
  /** Reads the server's side at this rate and no faster; `null` lifts it. */
  throttleDown(bytesPerSecond: number | null): void;
  /** Sends the client bytes of our own between two messages of the server, of HTTP/2 in the answer on `stream`; false where one is half under way. */
  insertDown(bytes: Buffer, stream?: number): boolean;
  /** Of HTTP/2: the streams whose answers are not over. */
  readonly streams: readonly number[];
  /** Ends them for the server, as the client would (RST_STREAM with CANCEL); false where a frame of the client's is half under way. */
  cancelStreams(streams: readonly number[]): boolean;
  /** Of HTTP/2: so many PINGs of our own for the client; false where no two frames are between which they may be. */
  ping(count: number): boolean;
  /** How many of those it has answered. */
  readonly pingAcks: number;
  /** Of HTTP/2: keeps the windows of streams (WINDOW_UPDATE) from the client, or gives them back; false where no two frames are between which to begin. */
  holdWindows(hold: boolean): boolean;
  /** How many were kept. */
  readonly heldWindows: number;
  /** Of HTTP/2 where frames are all that is read: how long its windows, of a stream or of all, left the client nothing to send. */
  readonly windowShutMs: number;
  /** Reads the client's side at this rate, as far as 64 KiB at a time are that rate. */
  throttleUp(bytesPerSecond: number | null): void;
  /** Leads its bytes out by one socket of ours and back by the other, whatever lies between them; false where it has ended. */
  detour(near: Socket, far: Socket): boolean;
  /** A RST to one side; the other is told nothing, and hears nothing any more. */
  abandon(side: 'client' | 'server'): void;
}

/** A started gate: our own hop (DESIGN section 1). */
export interface Gate extends AsyncDisposable {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Those that bear a session before what a client has beside it: a connection that HTTP keeps alive. */
  readonly live: readonly GateConnection[];
  readonly accepted: number;
  /** Those that were treated as a door says that is not open: refused, answered, or heard and left without an answer. */
  readonly turnedAway: number;
  setDoor(door: Door): Promise<void>;
  resetAll(): number;
  endAll(): number;
  /** The upstream for connections to come. */
  setUpstream(host: string, port: number): void;
  /** Before anybody came: the port on which a client that takes no URL expects it. */
  moveTo(port: number): Promise<void>;
}

/** A passive decoder of one connection's bytes; records events and concludes nothing. */
export interface WireTap {
  up(chunk: Buffer, atMs: number): void;
  down(chunk: Buffer, atMs: number): void;
  end(): void;
  /** No message of the server's is half under way. */
  readonly betweenMessages: boolean;
  /** An answer that takes a session has begun; left out where any byte of the server's is one. */
  readonly answered?: boolean;
  /** A session is under way on it; left out where any connection may bear one. */
  readonly holds?: boolean;
  /** A call waits for the end of its answer. */
  readonly asking?: boolean;
  /** Of HTTP/2: no frame of the client's is half under way; open answers. */
  readonly betweenFramesUp?: boolean;
  readonly streams?: readonly number[];
  readonly windowShutMs?: number;
  /** Whole messages of the client's, where it sends bytes that are none of its own: HTTP/2's frames. */
  readonly upMessages?: number;
  /** Bytes of our own in what must be around them between two messages: an HTTP chunk, DATA of `stream`. Left out where nothing must; undefined where they have no place. */
  framed?(bytes: Buffer, stream?: number): Buffer | undefined;
}
export type WireTapFactory = (gate: string, conn: number, record: Record_, observer: Observer) => WireTap;

/** Turns payloads into the facts that may be kept. One keyed hash a run. */
export interface Observer {
  hash(bytes: Buffer | string): string;
  scalar(value: unknown): Scalar | undefined;
  payload(bytes: Buffer, isBinary: boolean): Pick<MessageFacts, 'hash' | 'bytes' | 'form' | 'fields'>;
}

// ---------------------------------------------------------------- scenarios and faults

/** A disturbance in force. Healing twice does no harm. */
export interface Injection extends AsyncDisposable {
  heal(): Promise<void>;
}

/** What a session disturbs: its `connections` are one injection each, a `path` has Toxiproxy in it. */
export type HandSubject =
  | 'connections'
  | 'gate'
  | 'gates'
  | 'path'
  | 'narrow path'
  | 'server'
  | 'buffering proxy'
  | 'idle proxy'
  | 'middlebox'
  | 'upgrade block';

export interface ByHand<Params extends Facts = Facts> {
  readonly subject: HandSubject;
  /** What is offered first. Parameters that are not here the session knows itself: names of gates, numbers of connections. */
  readonly defaults: Partial<Params>;
  /** It acts on those that come while it is in force, and on nobody who is there. */
  readonly newcomers?: true;
  /** Over and done in one instant: nothing is left to heal. */
  readonly instant?: true;
  /** On all or not at all: no share of them, and no single one. */
  readonly whole?: true;
  /** Only on a server that is an image. */
  readonly containers?: true;
  /** Left out where it acts on every protocol. */
  readonly protocols?: readonly string[];
}

export interface FaultTools {
  /** Evidence that the fault acted. */
  bite(facts: Facts): void;
  readonly signal: AbortSignal;
}

export interface Fault<Subject, Params extends Facts> {
  readonly id: string;
  readonly hop: 'toxiproxy' | 'gate' | 'middlebox' | 'process' | 'driver';
  /** One line for `holdfast list faults`. */
  readonly about: string;
  /** What its bite looks like. */
  readonly evidence: string;
  /** Name and unit of each parameter; alternatives are parted by ` | `. */
  readonly params: Readonly<Record<keyof Params & string, string>>;
  /** Done in an instant: nothing of it is left that could be undone. */
  readonly momentary?: true;
  /** How it is done by hand in a session; left out where it cannot be. */
  readonly byHand?: ByHand<Params>;
  /** Disturbs `subject`; what it gives back undoes it. */
  inject(subject: Subject, params: Params, tools: FaultTools): Promise<() => void | Promise<void>>;
}

export interface ScenarioMeta {
  readonly id: string;
  /** One line for `holdfast list scenarios`. */
  readonly about: string;
  readonly role: 'client' | 'server';
  /** Quiet scenarios wait and run side by side; busy ones load the machine and run one after another. */
  readonly lane: 'quiet' | 'busy';
  /** Compares delays of processes: no busy scenario runs beside it until its recovery, so many ms into its window. */
  readonly timingMs?: number;
  /** Lives in a network namespace of its own, or in one with mounts of its own too; left out where none can be made. */
  readonly namespace?: 'network' | 'mounts';
  /** Its events belong to another scenario's history. */
  readonly recordsAs?: string;
  /** Needs the server started by us, so that it can be stopped, or started with other settings. */
  readonly ownServer?: boolean;
  readonly faults: readonly string[];
  /** How many it holds open at once, where that is more than a few dozen. */
  readonly connections?: (options: RunOptions) => number;
  /** How long it takes on a healthy target, in milliseconds at scale 1: for the plan and the progress display. */
  readonly windowMs: number;
  readonly unless?: (target: Target, options: RunOptions) => string | undefined;
  /** What of a session by hand is evidence of the kind that this scenario gathers. */
  readonly byHand?: HandReading;
}

/** Pure, as a check is: what a session's history shows, in the words of the scenario. */
export interface HandReading {
  /** What has to be done by hand for it, one clause: "cut a client's connection". */
  readonly needs: string;
  /** Undefined where nothing of the kind has happened yet. Events of its own making take the `seq` of those they rest on. */
  read(session: SessionHistory): readonly HistoryEvent[] | undefined;
}

/** A session's events, and what of them many readings ask for. */
export interface SessionHistory extends HistoryView {
  /** The last event's time, where the session is still going on. */
  readonly nowT: number;
  /** The clients are processes of ours: what they leave undone is their doing. */
  readonly ownClients: boolean;
  /** From when on all of it is there; of what was before, only who was connected and what hands had done. */
  readonly wholeFromT: number;
  readonly injections: readonly HandInjection[];
  /** Those of whose consequences all is there. */
  readonly readable: readonly HandInjection[];
  readonly connections: readonly HandConnection[];
  /** Whether any fault but these was in force, or healed, between two times. */
  disturbed(fromT: number, toT: number, ...except: readonly string[]): boolean;
}

/** One fault by hand, from its injection until it was healed. */
export interface HandInjection {
  readonly fault: string;
  readonly who: string;
  readonly event: HistoryEvent;
  readonly fromT: number;
  /** Infinity while it is in force. */
  readonly toT: number;
  readonly params: Facts;
  readonly bites: readonly EventOf<'fault'>[];
}

export interface HandConnection {
  readonly conn: number;
  readonly start: EventOf<'connection'>;
  readonly startT: number;
  readonly end: EventOf<'connection'> | undefined;
  /** Infinity while it lives. */
  readonly endT: number;
  /** When the server first answered with a session or a message. */
  readonly servedT: number;
}
