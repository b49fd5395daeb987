import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Observer, Record_, Slot, Target, WireTapFactory } from './contract.js';
import type { Garbage, GarbageStage } from './drivers/garbage-bytes.js';
import type { Where } from './drivers/request.js';
import type { Random } from './random.js';
import type { Address, Refusal, Session, SessionOptions, Workload } from './scenario.js';

/** What Holdfast must know of a protocol to be its client, its server and its listener: one file each in protocols/, found by folder. */
export interface Protocol {
  readonly id: string;
  /** Of its URLs: without TLS, and with it. */
  readonly schemes: readonly [plain: string, secure: string];
  /** What a client comes with, in words: "a websocket handshake". */
  readonly opening: string;
  /** What its servers are, in words: "a WebSocket server". */
  readonly serverKind: string;
  /** What else a refused client might have to name: flags, in words. */
  readonly remedies: string;
  /** How every client of it presents its last id, where it says so itself. */
  readonly resume?: Slot;
  /** Clients of this target send messages too. */
  duplex(target: Target): boolean;
  /** An answer that is asked for by POST has an end (CHECKLIST rule 17). */
  readonly postsForAnEnd?: true;
  /** Clients are told its address alone: what is called there is not in a URL. */
  readonly pathless?: true;
  /** Schemes of URLs that may name it too, where the user says which protocol it is. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Delays between attempts run from start to start, as its document says (CHECKLIST rule 2); from an end to the next start elsewhere. */
  readonly delaysFrom?: 'start';
  /** What its clients must be offered by ALPN over TLS. */
  readonly alpn?: readonly string[];
  /** The HTTP status of an answer that takes a session. */
  readonly openStatus: number;
  /** Decodes what passes a gate on the way to this target. */
  tap(target: Target): WireTapFactory;
  /** Whether what is declared can be read; before anything is started. Throws HarnessError. */
  validate?(target: Target): void;
  /** What must be known of the target before it is spoken to: asked of its server where it has one. Throws HarnessError. */
  learn?(target: Target, server: Address | undefined): Promise<Learned>;
  /** What was learned, known again in the process of a scenario. */
  recall?(target: Target, learned: Learned): void;
  /** One session of our own to a target's server. */
  open(options: SessionOptions, tools: SessionTools): Promise<Session | Refusal>;
  /** What a good client of this target sends first, by lines, without the blank one that ends it. */
  handshakeLines(target: Target, where: Where): readonly string[];
  /** What no correct client sends, somewhat more than the 200 cases that CHECKLIST asks for; the same for the same seed. */
  garbage(
    random: Random,
    good: readonly string[],
    target: Target,
  ): readonly (readonly [GarbageStage, readonly Garbage[]])[];
  /** The server that a lone client of this target meets (CHECKLIST rule 10). */
  startReference(options: ReferenceOptions, target: Target): Promise<ReferenceServer>;
  /** A session of no target's to a reference server. */
  openSilent(to: Address): Promise<SilentSession>;
}

/** Of gRPC: what reflection told, in base64, and how many messages a call of the method has each way. */
export type Learned = Pick<Workload, 'services' | 'pattern'>;

/** It says nothing, and hears of its end. */
export interface SilentSession extends Disposable {
  readonly openedAtMs: number;
  readonly endedAtMs: number | undefined;
}

export interface SessionTools {
  readonly target: Target;
  readonly record: Record_;
  readonly observer: Observer;
}

export interface ReferenceOptions {
  /** Number of the message before the first. */
  readonly base: number;
  /** Between two heartbeats. */
  readonly pingMs?: number;
  /** Between two messages. */
  readonly pushMs?: number;
  /** How long a client may leave a goodbye unanswered before it is cut off. */
  readonly closeTimeoutMs?: number;
  /** What it asks clients to wait where it has too much to do, and the protocol has a field for it. */
  readonly retryMs?: number;
  /** The query parameter or header, or the JSON text's shape, in which a client presents its last id. */
  readonly resumeFrom?: (request: {
    readonly url: URL;
    header(name: string): string | undefined;
  }) => number | undefined;
  readonly resumeMessage?: (text: string) => number | undefined;
}

export interface ReferenceServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** The number of the newest message. */
  readonly last: number;
  /** The protocol's goodbye to everybody, as a server that restarts says it; how many were told. `code` where it has codes; 1013 asks for more time in any protocol. */
  goAway(code: number): number;
  /** Whoever comes from now on is let in, and dropped at once without a word. */
  dropNewcomers(): void;
  /** How many were. */
  readonly dropped: number;
}

let loaded: readonly Protocol[] | undefined;

function protocols(): readonly Protocol[] {
  const folder = join(__dirname, 'protocols');
  loaded ??= readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .map((name) => (require(join(folder, name)) as { readonly default: Protocol }).default);
  return loaded;
}

/** Undefined where it is not built. */
export function findProtocol(id: string): Protocol | undefined {
  return protocols().find((protocol) => protocol.id === id);
}

export function protocolNamed(id: string): Protocol {
  const found = findProtocol(id);
  if (!found) throw new Error(`there is no protocol "${id}"`);
  return found;
}

/** The one that a URL's scheme (`wss:`) belongs to. */
export function protocolOfScheme(scheme: string): Protocol | undefined {
  return protocols().find(({ schemes }) => schemes.includes(scheme.replace(/:$/, '')));
}

export function isDuplex(target: Target): boolean {
  return protocolNamed(target.protocol).duplex(target);
}

export function schemeOf(id: string, secure = false): string {
  const [plain, overTls] = protocolNamed(id).schemes;
  return secure ? overTls : plain;
}

/** Whether what this URL names is spoken to over TLS. */
export function isSecure(url: string | undefined): boolean {
  const scheme = /^[a-z]+(?=:)/.exec(url ?? '')?.[0];
  return protocols().some(({ schemes: [, secure] }) => secure === scheme);
}
