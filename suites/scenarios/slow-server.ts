import heldWindows from '../../faults/held-windows.js';
import slowServer from '../../faults/slow-server.js';
import { nowMs } from '../../harness/clock.js';
import type { Gate, GateConnection } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { kernelView } from '../../harness/probes/kernel-queues.js';
import { watchMemory } from '../../harness/probes/memory.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedClient } from '../../harness/target/client.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 10_000;
const SLOW_BYTES_PER_S = 1000;
/** Below it there is nothing that could pile up. */
const LEAST_BYTES_PER_S = 100_000;
const MIB = 1024 * 1024;
/** Withheld so much, a client that keeps everything cannot be taken for one with a limit. */
const ENOUGH_BYTES = 96 * MIB;
const SLOW_MS = 75_000;
const LOOK_MS = 250;
/** A garbage collector works behind the allocation; what is kept stays. */
const SETTLE_MS = 2000;
/** What was kept comes at once when it is read again; what comes later is new. */
const FLUSH_MS = 12_000;
const QUIET_MS = 2000;

export default defineScenario({
  id: 'slow-server',
  about:
    'a client that sends >= 100 KB/s is read at 1 KB/s, of gRPC no further in its calls, beside a copy that is read as fast as it sends',
  role: 'client',
  lane: 'quiet',
  faults: ['slow-server', 'held-windows'],
  windowMs: 6000 + BASELINE_MS + SLOW_MS + SETTLE_MS + FLUSH_MS,
  unless: ({ client }) =>
    client?.listen === undefined
      ? undefined
      : 'needs a client that takes its address ({url} or TARGET_URL): two copies are compared, and one --listen port holds one',
  async run(context) {
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    // The windows of gRPC's streams let through less than the kernels would take, which so show nothing.
    const inStreams = context.target.protocol === 'grpc';
    const tap = inStreams ? 'frames' : false;
    const slow = new Sender(context, await context.openGate({ name: 'slow', to: upstream, tap }));
    const fast = new Sender(context, await context.openGate({ name: 'fast', to: upstream, tap: false }));
    await Promise.all([slow.start(), fast.start()]);
    await context.watch(ARRIVE_MS, () => slow.connected && fast.connected);
    context.phase('baseline');
    const [sinceMs, before] = [nowMs(), slow.takenBytes];
    await context.watch(context.ms(BASELINE_MS), () => slow.look(fast), LOOK_MS);
    if (!slow.connected || !fast.connected)
      return context.obstacle('BASELINE', 'the client did not hold a session for 10 s on a healthy path');
    const bytesPerS = (slow.takenBytes - before) / ((nowMs() - sinceMs) / 1000);
    context.measure('sends', { bytesPerS });
    if (bytesPerS < LEAST_BYTES_PER_S) return;

    context.phase('fault');
    const marks = [slow.mark(), fast.mark()] as const;
    const startMs = nowMs();
    const slowed = inStreams
      ? await context.inject(heldWindows, slow.gate, {})
      : await context.inject(slowServer, slow.gate, { bytesPerS: SLOW_BYTES_PER_S });
    let [leftAtMs, leftBytes, rssGrowthBytes]: [number | null, number, number] = [null, 0, 0];
    const withheld = () => fast.since(marks[1]).bytes - slow.since(marks[0]).bytes - slow.kernelBytes;
    const look = () => {
      slow.look(fast);
      rssGrowthBytes = Math.max(rssGrowthBytes, slow.since(marks[0]).rssBytes - fast.since(marks[1]).rssBytes);
      if (leftAtMs !== null || slow.holdsOn) return;
      leftAtMs = nowMs() - startMs;
      // What the kernel held is gone too.
      leftBytes = Math.max(0, withheld());
    };
    await context.watch(
      context.ms(SLOW_MS),
      () => {
        look();
        return withheld() >= ENOUGH_BYTES || leftAtMs !== null || slow.client.process.exit !== undefined;
      },
      LOOK_MS,
    );
    await context.watch(context.ms(SETTLE_MS));
    look();
    const withheldBytes = withheld();
    const facts = {
      withheldBytes: leftAtMs === null ? withheldBytes : leftBytes,
      kernelBytes: slow.kernelBytes,
      rssGrowthBytes,
      leftAtMs,
    };
    // Whoever left took what it kept along.
    const keptBytes =
      leftAtMs === null ? await flush(context, { slow, fast }, () => slowed.heal(), withheldBytes) : null;
    context.measure('slowed', { ...facts, keptBytes, exited: slow.client.process.exit !== undefined });
  },
});

/**
 * Bytes that the client itself had kept, at least. They come in order: after what the kernel held and before anything new,
 * of which the control copy sends as much meanwhile. Known once as many have come as could have been kept, or once no more
 * comes than from the control.
 */
async function flush(
  context: ScenarioContext,
  { slow, fast }: { readonly slow: Sender; readonly fast: Sender },
  heal: () => Promise<void>,
  withheldBytes: number,
): Promise<number> {
  const { kernelBytes } = slow;
  const taken = () => [slow.takenBytes, fast.takenBytes] as const;
  const [slowBefore, fastBefore] = taken();
  await heal();
  let [seenMs, slowSeen, fastSeen] = [nowMs(), slowBefore, fastBefore];
  const keptBytes = () => slow.takenBytes - slowBefore - kernelBytes - (fast.takenBytes - fastBefore);
  await context.watch(FLUSH_MS, () => {
    if (keptBytes() >= withheldBytes) return true;
    if (nowMs() - seenMs < QUIET_MS) return false;
    const [slowNow, fastNow] = taken();
    const calm = slowNow - slowBefore >= kernelBytes && slowNow - slowSeen < 1.5 * (fastNow - fastSeen);
    [seenMs, slowSeen, fastSeen] = [nowMs(), slowNow, fastNow];
    return calm;
  });
  return Math.max(0, Math.min(withheldBytes, keptBytes()));
}

/** One copy of the client and the gate beside it. */
class Sender {
  kernelBytes = 0;
  private held: readonly GateConnection[] = [];
  private readonly taken = new Map<GateConnection, number>();
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
    return [...this.taken.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  count(): void {
    for (const connection of this.gate.live) this.taken.set(connection, connection.upBytes);
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
    return { bytes: this.takenBytes, rssBytes: this.memory?.lastBytes ?? 0 };
  }

  since(mark: { readonly bytes: number; readonly rssBytes: number }) {
    const now = this.standing();
    return { bytes: now.bytes - mark.bytes, rssBytes: now.rssBytes - mark.rssBytes };
  }
}
