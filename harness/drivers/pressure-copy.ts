import { every } from '../clock.js';
import type { Facts, Fault, Gate } from '../contract.js';
import type { Unit } from '../define.js';
import { kernelView } from '../probes/kernel-queues.js';
import type { ScenarioContext, Session } from '../scenario.js';
import type { StartedServer } from '../target/server.js';
import { Workers } from './workers.js';
import { payloadOf, tokensIn } from './workload.js';

/** How a server is made to send: of itself, each client its own messages, or one client's to all. */
export type PressureMode = 'push' | 'echo' | 'broadcast';

interface Crew {
  readonly pressers: number;
  readonly neighbours: number;
  /**
   * Of how many pressers the bytes count. What goes to all may be one buffer with many readers, so that only one
   * client's share is surely memory; what each client sent itself is its own.
   */
  readonly counted: number;
}

export const CREWS: Readonly<Record<PressureMode, Crew>> = {
  echo: { pressers: 4, neighbours: 4, counted: 4 },
  broadcast: { pressers: 2, neighbours: 2, counted: 1 },
  push: { pressers: 2, neighbours: 2, counted: 1 },
};

const BEAT_MS = 5000;
/** Of HTTP/2: about what a kernel takes, so that the control's clients have as much time as those of other protocols. */
const STREAM_WINDOW_BYTES = 8 * 1024 * 1024;
const MAX_UNSENT_BYTES = 1024 * 1024;

/** One copy of a server with the clients that press it and the neighbours that are timed. */
export class PressureCopy {
  offeredBytes = 0;
  peakBytes = 0;
  /** The arrivals count from here. */
  timedFromMs = 0;
  /** Times of arrival, by neighbour. */
  readonly arrivals: number[][] = [];
  readonly latencies: number[] = [];
  /** Of the pressers, by the port of their connection to the server. */
  private readonly dropped = new Set<number>();
  /** Messages under way, and the neighbours that still wait for them. */
  private readonly pending = new Map<string, { readonly sentMs: number; readonly by: Set<number> }>();

  private constructor(
    private readonly context: ScenarioContext,
    readonly name: string,
    readonly server: StartedServer,
    private readonly gate: Gate,
    readonly pressers: readonly Session[],
    private readonly neighbours: readonly Session[],
    private readonly senders: readonly Session[],
    private readonly crew: Crew,
    private readonly workers: Workers,
  ) {}

  static async start(context: ScenarioContext, name: string, mode: PressureMode): Promise<PressureCopy> {
    const env = mode === 'push' ? (context.target.server?.pressureEnv ?? {}) : {};
    const server = await context.startServer({ name: `${name}-server`, env });
    // Before anybody came: a process of one connection may end with it.
    const workers = await Workers.of(context, server);
    const gate = await context.openGate({ name, to: server, tap: false });
    const open = (count: number, kind: string, to: { host: string; port: number }) =>
      Promise.all(
        Array.from({ length: count }, (_, i) =>
          context.mustOpen({
            name: `${name}-${kind}-${i + 1}`,
            to,
            silent: true,
            streamWindowBytes: STREAM_WINDOW_BYTES,
          }),
        ),
      );
    // A loop over clients stops at the slow one: neighbours stand before it and behind it.
    const crew = CREWS[mode];
    const first = await open(crew.neighbours / 2, 'early', server);
    const pressers = await open(crew.pressers, 'presser', gate);
    const neighbours = [...first, ...(await open(crew.neighbours / 2, 'late', server))];
    const senders = mode === 'echo' ? pressers : mode === 'broadcast' ? await open(1, 'sender', server) : [];
    const copy = new PressureCopy(context, name, server, gate, pressers, neighbours, senders, crew, workers);
    for (const [index, neighbour] of neighbours.entries()) copy.listen(index, neighbour);
    // A slow reader lives: its own signs of life go up freely. What a heartbeat cuts for want of them would look like a
    // server that looks after its buffers (CHECKLIST, unbounded-buffer).
    context.defer(every(context.ms(BEAT_MS), () => copy.beat()));
    return copy;
  }

  private beat(): void {
    for (const presser of this.pressers) presser.pong();
  }

  private listen(index: number, neighbour: Session): void {
    const times: number[] = [];
    this.arrivals.push(times);
    neighbour.onMessage(({ atMs, payload }) => {
      times.push(atMs);
      for (const token of tokensIn(payload)) {
        const asked = this.pending.get(token);
        if (!asked?.by.delete(index)) continue;
        if (asked.by.size === 0) this.pending.delete(token);
        this.latencies.push(atMs - asked.sentMs);
      }
    });
  }

  /** From now on the gate reads what the server sends to the pressers at this rate. */
  async slowDown<P extends Facts>(fault: Unit<'fault', Fault<Gate['live'][number], P>>, params: P): Promise<void> {
    for (const connection of this.gate.live) await this.context.inject(fault, connection, params);
  }

  /** What the pressers have read, as far as it counts. */
  get takenBytes(): number {
    return this.share(this.pressers.reduce((sum, session) => sum + session.receivedBytes, 0));
  }

  /** The part that counts of something summed over all pressers. */
  share(bytes: number): number {
    return (bytes * this.crew.counted) / this.crew.pressers;
  }

  get allOpen(): boolean {
    return this.openPressers === this.crew.pressers;
  }

  /** Nobody of its clients was cut, also not the sender. */
  get whole(): boolean {
    return this.allOpen && this.bystandersOpen;
  }

  /** Who reads as fast as this machine can: a slow presser is no reason to cut these. */
  get bystandersOpen(): boolean {
    const others = this.senders.filter((session) => !this.pressers.includes(session));
    return [...this.neighbours, ...others].every((session) => session.isOpen);
  }

  get alive(): boolean {
    return this.workers.alive;
  }

  get neighbourCount(): number {
    return this.neighbours.length;
  }

  /** Pressers that the server has not let go of. */
  get openPressers(): number {
    return this.gate.live.filter(({ ended, upstreamPort }) => !ended && !this.dropped.has(upstreamPort)).length;
  }

  /** Looks at what the kernel holds: the bytes under way to the pressers, and whom the server has let go of. */
  lookAtKernel(): number {
    const view = this.server.onLoopback ? kernelView(this.server.port) : undefined;
    if (!view) return 0;
    for (const { upstreamPort } of this.gate.live) {
      if (upstreamPort > 0 && !view.established.has(upstreamPort)) this.dropped.add(upstreamPort);
    }
    return this.share(view.queuedBytes);
  }

  get missing(): number {
    return [...this.pending.values()].reduce((sum, { by }) => sum + by.size, 0);
  }

  readMemory(): number | null {
    const bytes = this.server.memoryBytes() ?? null;
    this.peakBytes = Math.max(this.peakBytes, bytes ?? 0);
    return bytes;
  }

  /** Offers up to `bytes` more, as far as each sender's socket takes it. */
  offer(bytes: number, size: number, form: 'json' | 'text'): void {
    let left = bytes;
    for (let progress = true; progress && left > 0; ) {
      progress = false;
      for (const sender of this.senders) {
        if (left <= 0 || !sender.isOpen || sender.unsentBytes > MAX_UNSENT_BYTES) continue;
        // One letter short of a token, so that it is not taken for a neighbour's.
        sender.send(payloadOf(form, 'p'.repeat(15), size));
        this.offeredBytes += size;
        left -= size;
        progress = true;
      }
    }
  }

  /** One neighbour sends a small message; each of `hearers` is expected to get it. False where it is not there any more. */
  ask(from: number, hearers: readonly number[], token: string, sentMs: number, form: 'json' | 'text'): boolean {
    const neighbour = this.neighbours[from];
    if (!neighbour?.isOpen) return false;
    this.pending.set(token, { sentMs, by: new Set(hearers) });
    neighbour.send(payloadOf(form, token, 128));
    return true;
  }

  /** Makes room for the next: its clients leave, its server ends. */
  async stop(): Promise<void> {
    for (const session of [...this.pressers, ...this.neighbours, ...this.senders]) session.terminate();
    await this.gate[Symbol.asyncDispose]();
    await this.server.stop();
  }

  timeFrom(atMs: number): void {
    this.timedFromMs = atMs;
    for (const times of this.arrivals) times.length = 0;
  }
}
