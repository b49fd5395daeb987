import { nowMs } from '../../harness/clock.js';
import type { Gate, GateConnection } from '../../harness/contract.js';
import { MIB } from '../../harness/numbers.js';
import { kernelView } from '../../harness/probes/kernel-queues.js';
import { watchMemory } from '../../harness/probes/memory.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedClient } from '../../harness/target/client.js';
import { canReadSockets, connectionsOf } from '../../harness/target/sockets.js';

export const LOOK_MS = 250;
/** The kernels of a path that keeps up hold a message or two. */
const FULL_BYTES = MIB / 2;

/** One copy of the client and the gate beside it. */
export class Sender {
  kernelBytes = 0;
  private held: readonly GateConnection[] = [];
  private readonly taken = new Map<GateConnection, number>();
  private readonly shutMs = new Map<GateConnection, number>();
  private started: StartedClient | undefined;
  private memory: { readonly lastBytes: number | undefined } | undefined;

  constructor(
    private readonly context: ScenarioContext,
    readonly gate: Gate,
  ) {}

  async start(): Promise<void> {
    const { context, gate } = this;
    const env = context.target.client?.pressureEnv ?? {};
    this.started = await context.startClient({ name: gate.name, gate, env });
    const pids = () => this.client.process.tree();
    this.memory = context.defer(watchMemory({ name: gate.name, pids, record: context.record, everyMs: LOOK_MS }));
  }

  get client(): StartedClient {
    if (!this.started) throw new Error(`the client at ${this.gate.name} was not started`);
    return this.started;
  }

  get connected(): boolean {
    return this.gate.live.some(({ downBytes, ended }) => downBytes > 0 && !ended);
  }

  /** Still on the connections of the last mark. An end behind unread bytes cannot be read, but the kernel knows it. */
  get holdsOn(): boolean {
    const established = kernelView(this.gate.port)?.established;
    return this.held.every(({ clientPort, ended }) => !ended && (established?.has(clientPort) ?? true));
  }

  get takenBytes(): number {
    this.count();
    return sumOf(this.taken);
  }

  get windowShutMs(): number {
    this.count();
    return sumOf(this.shutMs);
  }

  /** Of its processes, as far as they are seen: where `sends` is false it is another's. */
  get rssBytes(): number {
    return this.memory?.lastBytes ?? 0;
  }

  /** A process of this copy has the connection itself, and not a container's or another's that it asked. */
  get sends(): boolean {
    if (!canReadSockets().ok) return true;
    const ports = new Set(connectionsOf(this.client.process.tree()).map(({ localPort }) => localPort));
    return this.held.length > 0 && this.held.every(({ clientPort }) => ports.has(clientPort));
  }

  private count(): void {
    for (const connection of this.gate.live) {
      this.taken.set(connection, connection.upBytes);
      this.shutMs.set(connection, connection.windowShutMs);
    }
  }

  /** Both copies; never true, so that it can be what a watch looks at. */
  look(other: Sender): false {
    for (const one of [this, other]) {
      one.count();
      one.kernelBytes = kernelView(one.gate.port)?.untakenBytes ?? 0;
    }
    return false;
  }

  mark() {
    this.held = this.gate.live.filter(({ ended }) => !ended);
    return this.standing();
  }

  private standing() {
    return { bytes: this.takenBytes, rssBytes: this.rssBytes };
  }

  since(mark: { readonly bytes: number; readonly rssBytes: number }) {
    const now = this.standing();
    return { bytes: now.bytes - mark.bytes, rssBytes: now.rssBytes - mark.rssBytes };
  }
}

/** How much of the time a healthy path took no more from this copy: its windows were used up, or the kernels full. */
export class Crowding {
  private readonly sinceMs = nowMs();
  private readonly beforeMs: number;
  private looks = 0;
  private full = 0;

  constructor(private readonly sender: Sender) {
    this.beforeMs = sender.windowShutMs;
  }

  look(): void {
    this.looks += 1;
    if (this.sender.kernelBytes > FULL_BYTES) this.full += 1;
  }

  get share(): number {
    const shut = (this.sender.windowShutMs - this.beforeMs) / Math.max(1, nowMs() - this.sinceMs);
    return Math.max(shut, this.full / Math.max(1, this.looks));
  }
}

function sumOf(numbers: ReadonlyMap<unknown, number>): number {
  return [...numbers.values()].reduce((sum, one) => sum + one, 0);
}
