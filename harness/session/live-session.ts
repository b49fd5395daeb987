import { cpus } from 'node:os';
import { join } from 'node:path';
import { type Catalog, loadCatalog } from '../catalog.js';
import { every, nowMs, wallMs, watchLoop } from '../clock.js';
import { createContext } from '../context.js';
import type { EventBody, Gate, HistoryEvent, Run, RunOptions, Target, Verdict } from '../contract.js';
import { HarnessError, messageOf } from '../errors.js';
import { createHistoryWriter, type HistoryWriter, readHistory } from '../history.js';
import { createLog } from '../log.js';
import { createObserver } from '../path/observer.js';
import { isSecure, protocolNamed } from '../protocol.js';
import { secretToken } from '../random.js';
import { linkLatest, makeRunDirectory, saveRun } from '../run-folder.js';
import { historyOf } from '../saved-run.js';
import type { Address } from '../scenario.js';
import { publicTarget } from '../secret-sources.js';
import { withoutSecrets } from '../secrets.js';
import type { Engine } from '../toxiproxy/engine.js';
import { openEngine } from '../toxiproxy/find.js';
import { version } from '../version.js';
import { UNKNOWN_WORKLOAD } from '../worker-protocol.js';
import { type Control, controlOf, handFaults } from './controls.js';
import { Hands } from './hands.js';
import { Judging } from './judging.js';
import { Lanes } from './lanes.js';
import { SESSION } from './names.js';
import { keepPayloads, type Payloads } from './payloads.js';
import { redactEvent } from './redact.js';
import { SentLimit } from './sent-limit.js';
import { setStage } from './stage.js';
import { concludeSession } from './verdicts.js';

export interface SessionSettings {
  readonly target: Target;
  readonly options: RunOptions;
  readonly resultsDir: string;
  /** A fixed port for clients to go to. */
  readonly listen?: number;
  readonly recordPayloads: boolean;
  readonly signal: AbortSignal;
}

export interface LiveSession {
  readonly directory: string;
  readonly target: Target;
  readonly seed: number;
  readonly gate: Gate;
  readonly hands: Hands;
  readonly lanes: Lanes;
  readonly controls: readonly Control[];
  readonly verdicts: readonly Verdict[];
  readonly payloads: boolean;
  /** Milliseconds since it began. */
  readonly ageMs: number;
  /** Every event but messages, as it is written. */
  onEvent(listener: (event: HistoryEvent) => void): Disposable;
  onChange(listener: () => void): Disposable;
  /** Heals, stops, judges and saves; twice without harm. */
  finish(): Promise<Run>;
}

/** Where clients are let in, whatever they write for their own machine. */
const LOOPBACK = '127.0.0.1';

export async function openSession(settings: SessionSettings): Promise<LiveSession> {
  const session = new OpenSession(settings, loadCatalog());
  try {
    await session.begin();
  } catch (error) {
    await session.abandon();
    throw error;
  }
  return session;
}

class OpenSession implements LiveSession {
  readonly directory: string;
  readonly target: Target;
  readonly seed: number;
  readonly lanes: Lanes;
  readonly controls: readonly Control[];
  readonly payloads: boolean;
  private readonly faults;
  private readonly startedWallMs = wallMs();
  private readonly epochMs = nowMs();
  private readonly opened: AsyncDisposable[] = [];
  private readonly listeners = new Set<(event: HistoryEvent) => void>();
  private readonly changes = new Set<() => void>();
  private history: HistoryWriter | undefined;
  private engine: Engine | undefined;
  private judging: Judging | undefined;
  private started: { readonly gate: Gate; readonly hands: Hands } | undefined;
  private seq = 0;
  private readonly limit = new SentLimit();
  private finished: Promise<Run> | undefined;
  private final: readonly Verdict[] | undefined;

  constructor(
    private readonly settings: SessionSettings,
    catalog: Catalog,
  ) {
    this.target = publicTarget(settings.target);
    this.seed = settings.options.seed;
    this.payloads = settings.recordPayloads;
    this.faults = handFaults(catalog, settings.target);
    this.controls = [...this.faults.values()].map(controlOf);
    this.directory = makeRunDirectory(settings.resultsDir, settings.target.name, this.startedWallMs);
    this.lanes = new Lanes(() => this.started?.gate, this.epochMs);
  }

  get gate(): Gate {
    return this.there.gate;
  }

  get hands(): Hands {
    return this.there.hands;
  }

  get verdicts(): readonly Verdict[] {
    return this.final ?? this.judging?.verdicts ?? [];
  }

  get ageMs(): number {
    return nowMs() - this.epochMs;
  }

  private get there() {
    if (this.started) return this.started;
    throw new HarnessError('NOT_STARTED', 'the session has not begun');
  }

  async begin(): Promise<void> {
    const { settings, directory } = this;
    const { target, options, signal } = settings;
    const log = createLog(join(directory, 'harness.log'));
    this.engine = this.keep(await openEngine(options.engine, options.seed));
    this.history = await createHistoryWriter(historyOf(directory));
    const onFailure = (error: Error) => log.warn({ reason: messageOf(error) }, 'judging live has ended');
    const work = { target: this.target, options };
    this.judging = this.keep(new Judging(work, () => this.changed(), onFailure));
    const payloads: Payloads | undefined = settings.recordPayloads
      ? this.keep(await keepPayloads(join(directory, 'payloads.jsonl')))
      : undefined;
    const lease = this.keep(await this.engine.lease());
    // Not from the seed: who has the saved run cannot try guesses against its hashes.
    const observerKey = secretToken();
    const context = this.keep(
      createContext({
        scenario: SESSION,
        target,
        options,
        workload: UNKNOWN_WORKLOAD,
        observerKey,
        engineUrl: lease.url,
        engineRoute: lease.route,
        signal,
        emit: (event, atMs) => this.take(event, atMs),
      }),
    );
    this.watchOwnLoop();
    const observer = createObserver(observerKey);
    const stage = await setStage(context, {
      listen: { host: LOOPBACK, port: settings.listen ?? 0 },
      observer: payloads?.keepingBy(observer) ?? observer,
      learn: (server) => this.learn(server),
    });
    this.started = { gate: stage.gate, hands: new Hands(stage, this.faults, () => this.changed()) };
    context.phase('baseline');
    if (target.client) await context.startClient({ name: 'client', gate: stage.gate });
  }

  /** What decodes gRPC must know its messages; without that the bytes alone are seen. */
  private async learn(server: Address): Promise<boolean> {
    const { target } = this.settings;
    const protocol = protocolNamed(target.protocol);
    if (!protocol.learn) return true;
    try {
      const learned = await protocol.learn(target, server);
      protocol.recall?.(target, learned);
      return true;
    } catch (error) {
      const text = `its messages are not decoded: ${messageOf(error)}`;
      this.take({ type: 'obstacle', code: 'NOT_DECODED', text }, nowMs());
      return false;
    }
  }

  onEvent(listener: (event: HistoryEvent) => void): Disposable {
    this.listeners.add(listener);
    return { [Symbol.dispose]: () => this.listeners.delete(listener) };
  }

  onChange(listener: () => void): Disposable {
    this.changes.add(listener);
    return { [Symbol.dispose]: () => this.changes.delete(listener) };
  }

  finish(): Promise<Run> {
    this.finished ??= this.end();
    return this.finished;
  }

  /** It never began. */
  async abandon(): Promise<void> {
    for (const one of this.opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
    await this.history?.close();
  }

  private async end(): Promise<Run> {
    const { directory, settings } = this;
    const { options } = settings;
    await this.started?.hands.heal();
    const engine = { kind: this.engine?.kind ?? 'embedded', version: this.engine?.version ?? '' } as const;
    this.take({ type: 'phase', phase: 'done' }, nowMs());
    await this.abandon();
    const events = (await readHistory(historyOf(directory))).get(SESSION) ?? [];
    const startedAt = new Date(this.startedWallMs).toISOString();
    const concluded = withoutSecrets(concludeSession(events, this.target, options, startedAt));
    this.final = concluded.verdicts;
    const durationMs = Math.round(nowMs() - this.epochMs);
    const run: Run = {
      schema: 'holdfast.run/1',
      version: version(),
      seed: options.seed,
      replay: `holdfast session export ${directory}`,
      engine,
      machine: { node: process.version, cpus: cpus().length, platform: `${process.platform} ${process.arch}` },
      target: this.target,
      options: withoutSecrets(options),
      startedAt,
      durationMs,
      wall: { quietMs: durationMs, busyMs: 0, limitMs: durationMs },
      ...concluded,
      budgets: [],
    };
    saveRun(directory, run);
    linkLatest(directory);
    this.changed();
    return run;
  }

  private take(given: EventBody, atMs: number): void {
    if (!this.history || this.final) return;
    this.lanes.take(given, atMs);
    for (const recorded of this.limit.take(given)) this.record(redactEvent(recorded), atMs);
  }

  private record(body: EventBody, atMs: number): void {
    const t = atMs - this.epochMs;
    this.history?.append(SESSION, t, body);
    this.seq += 1;
    const event = { seq: this.seq, t: Math.round(t * 1000) / 1000, scenario: SESSION, ...body };
    this.judging?.take(event);
    if (event.type !== 'message') for (const listener of this.listeners) listener(withoutSecrets(event));
  }

  private changed(): void {
    for (const listener of this.changes) listener();
  }

  private watchOwnLoop(): void {
    const loop = watchLoop();
    const told = every(1000, () => this.take({ type: 'loop', who: SESSION, ...loop.read() }, nowMs()));
    this.keep({
      [Symbol.asyncDispose]: async () => {
        told[Symbol.dispose]();
        loop[Symbol.dispose]();
      },
    });
  }

  private keep<T extends AsyncDisposable>(resource: T): T {
    this.opened.push(resource);
    return resource;
  }
}

/** The address for a client, as it would be written for the server itself. */
export function clientUrl({ target, gate }: Pick<LiveSession, 'target' | 'gate'>): string {
  const [plain, secure] = protocolNamed(target.protocol).schemes;
  const scheme = isSecure(target.server?.url) ? secure : plain;
  return `${scheme}://${gate.host}:${gate.port}${target.path}`;
}
