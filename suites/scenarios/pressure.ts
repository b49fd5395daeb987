import slowReader from '../../faults/slow-reader.js';
import { every, nowMs } from '../../harness/clock.js';
import type { Gate } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { payloadOf, tokenIn } from '../../harness/drivers/workload.js';
import { queuedDownBytes } from '../../harness/probes/kernel-queues.js';
import type { ScenarioContext, Session } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';

const MIB = 1024 * 1024;
const PRESSERS = 4;
const NEIGHBOURS = 4;
const SLOW_BYTES_PER_S = 1024;
/** Beyond what the kernels took (CHECKLIST rule 13). */
const BEYOND_BYTES = 128 * MIB;
const PUSH_MS = 60_000;
/** A push that would not get there in time is given up early. */
const JUDGE_RATE_MS = 12_000;
const MAX_UNSENT_BYTES = MIB;
const SAMPLES = 1000;
const SAMPLE_EVERY_MS = 5;
const LATE_MS = 5000;
/** Kept up while the neighbours are timed, for each presser: the article's 100 KB/s. */
const STEADY_BYTES_PER_S = 100_000;

type Mode = 'push' | 'echo' | 'broadcast';

/**
 * Two copies of the server, the same push on both. On one the pressers read fast, on the other through a gate at
 * 1 KB/s: what differs is the slow reading, not the load.
 */
export default defineScenario({
  id: 'pressure',
  about: 'four clients that read 1 KB/s under a push, their neighbours timed, beside a copy where all read fast',
  role: 'server',
  lane: 'busy',
  ownServer: true,
  faults: ['slow-reader'],
  windowMs: 40_000,
  async run(context) {
    const mode = modeOf(context);
    if (!mode) {
      return context.obstacle('NO_PUSH', 'the server neither pushes nor answers what a client sends');
    }
    const fast = await Copy.start(context, 'fast', mode);
    const slow = await Copy.start(context, 'slow', mode);
    context.phase('baseline');
    await context.watch(1000);
    context.measure('before', { fastRssBytes: await fast.memory(), slowRssBytes: await slow.memory() });
    context.phase('fault');
    await slow.slowDown();
    await fill(context, fast, slow, mode);
    await sample(context, fast, slow, mode);
  },
});

function modeOf({ workload, target }: ScenarioContext): Mode | undefined {
  const declared = Object.keys(target.server?.pressureEnv ?? {}).length > 0;
  if (declared && workload.push) return 'push';
  if (workload.echo) return 'echo';
  if (workload.broadcast) return 'broadcast';
  return workload.push ? 'push' : undefined;
}

/** One copy of the server with its clients. */
class Copy {
  private sending = 0;
  /** Times of arrival, by neighbour. */
  readonly arrivals: number[][] = [];
  readonly pending = new Map<string, { readonly sentMs: number; readonly by: Set<number> }>();
  readonly latencies: number[] = [];
  private constructor(
    private readonly context: ScenarioContext,
    readonly name: string,
    readonly server: StartedServer,
    private readonly gate: Gate,
    readonly pressers: readonly Session[],
    readonly neighbours: readonly Session[],
    readonly senders: readonly Session[],
  ) {}

  static async start(context: ScenarioContext, name: string, mode: Mode): Promise<Copy> {
    const env = mode === 'push' ? (context.target.server?.pressureEnv ?? {}) : {};
    const server = await context.startServer({ name: `${name}-server`, env });
    const gate = await context.openGate({ name, to: server, tap: false });
    const open = (count: number, kind: string, to: { host: string; port: number }) =>
      Promise.all(
        Array.from({ length: count }, (_, i) =>
          context.mustOpen({ name: `${name}-${kind}-${i + 1}`, to, silent: true }),
        ),
      );
    // A loop over clients stops at the slow one: neighbours stand before it and behind it.
    const first = await open(NEIGHBOURS / 2, 'early', server);
    const pressers = await open(PRESSERS, 'presser', gate);
    const neighbours = [...first, ...(await open(NEIGHBOURS / 2, 'late', server))];
    const senders = mode === 'echo' ? pressers : mode === 'broadcast' ? await open(1, 'sender', server) : [];
    const copy = new Copy(context, name, server, gate, pressers, neighbours, senders);
    for (const [index, neighbour] of neighbours.entries()) {
      copy.arrivals.push([]);
      neighbour.onMessage(({ atMs, payload }) => {
        copy.arrivals[index]?.push(atMs);
        const token = tokenIn(payload);
        const asked = token === undefined ? undefined : copy.pending.get(token);
        if (token === undefined || !asked?.by.delete(index)) return;
        if (asked.by.size === 0) copy.pending.delete(token);
        copy.latencies.push(atMs - asked.sentMs);
      });
    }
    return copy;
  }

  async slowDown(): Promise<void> {
    for (const connection of this.gate.live) {
      await this.context.inject(slowReader, connection, { bytesPerS: SLOW_BYTES_PER_S });
    }
  }
  /** What the gate has taken from the server for the pressers. */
  get takenBytes(): number {
    return this.pressers.reduce((sum, session) => sum + session.receivedBytes, 0);
  }
  get openPressers(): number {
    return this.pressers.filter((session) => session.isOpen).length;
  }
  get offeredBytes(): number {
    return this.sending;
  }
  async memory(): Promise<number | null> {
    return (await this.server.memoryBytes()) ?? null;
  }
  /** Offers up to `bytes` more, as far as each sender's socket takes it. */
  offer(bytes: number, size: number, form: 'json' | 'text'): void {
    let left = bytes;
    for (let progress = true; progress && left > 0; ) {
      progress = false;
      for (const sender of this.senders) {
        if (left <= 0 || !sender.isOpen || sender.unsentBytes > MAX_UNSENT_BYTES) continue;
        sender.send(payloadOf(form, 'p'.repeat(15), size));
        this.sending += size;
        left -= size;
        progress = true;
      }
    }
  }
}

async function fill(context: ScenarioContext, fast: Copy, slow: Copy, mode: Mode): Promise<void> {
  const startMs = nowMs();
  const { form, size } = shape(context);
  let kernelBytes = 0;
  let peak = { fast: 0, slow: 0 };
  let cutAtMs: number | null = null;
  // The senders are also held to what the fast copy's own clients take in: the push is what a fast witness receives.
  const window = 4 * MIB;
  using pumping = every(2, () => {
    if (mode === 'push') return;
    const taken = mode === 'echo' ? fast.takenBytes : fast.takenBytes / PRESSERS;
    const room = window - (fast.offeredBytes - taken);
    if (room > 0) fast.offer(Math.min(room, MIB), size, form);
    const behind = fast.offeredBytes - slow.offeredBytes;
    if (behind > 0) slow.offer(Math.min(behind, MIB), size, form);
  });
  void pumping;
  const reached = await context.watch(PUSH_MS, async () => {
    kernelBytes = Math.max(kernelBytes, queuedDownBytes(slow.server.port) ?? 0);
    peak = {
      fast: Math.max(peak.fast, (await fast.memory()) ?? 0),
      slow: Math.max(peak.slow, (await slow.memory()) ?? 0),
    };
    if (slow.openPressers < PRESSERS) cutAtMs ??= nowMs() - startMs;
    const needed = kernelBytes + BEYOND_BYTES;
    const elapsed = nowMs() - startMs;
    if (elapsed > JUDGE_RATE_MS && (fast.takenBytes / elapsed) * PUSH_MS < needed) return 'too slow';
    if (slow.openPressers === 0) return 'cut';
    return fast.takenBytes >= needed ? 'reached' : undefined;
  });
  // A garbage collector works behind the allocation; what is withheld stays.
  await context.watch(1500, async () => {
    peak = {
      fast: Math.max(peak.fast, (await fast.memory()) ?? 0),
      slow: Math.max(peak.slow, (await slow.memory()) ?? 0),
    };
    return false;
  });
  context.measure('pushed', {
    mode,
    outcome: reached ?? 'too slow',
    tookMs: nowMs() - startMs,
    fastTakenBytes: fast.takenBytes,
    slowTakenBytes: slow.takenBytes,
    slowOfferedBytes: slow.offeredBytes,
    kernelBytes,
    neededBytes: kernelBytes + BEYOND_BYTES,
    fastPeakBytes: peak.fast,
    slowPeakBytes: peak.slow,
    slowEndBytes: await slow.memory(),
    pressersOpen: slow.openPressers,
    disconnectedAtMs: cutAtMs,
    alive: slow.server.alive(),
  });
}

/** Both copies at once, so that whatever else happens on the machine happens to both. */
async function sample(context: ScenarioContext, fast: Copy, slow: Copy, mode: Mode): Promise<void> {
  const { form, size } = shape(context);
  const copies = [fast, slow];
  for (const copy of copies) for (const list of copy.arrivals) list.length = 0;
  const startMs = nowMs();
  if (mode === 'push') {
    await context.watch(20_000, () => copies.every((copy) => copy.arrivals.flat().length >= SAMPLES));
    for (const copy of copies) {
      const endMs = nowMs();
      context.samples(
        `${copy.name} gap`,
        'ms',
        copy.arrivals.flatMap((times) => gaps([startMs, ...times, endMs])),
      );
    }
    context.measure('sampled', { kind: 'gap', fastMissing: 0, slowMissing: 0, pressersOpen: slow.openPressers });
    return;
  }
  let sent = 0;
  let expected = 0;
  const { echo, broadcast } = context.workload;
  const hearers = (from: number) =>
    Array.from({ length: NEIGHBOURS }, (_, i) => i).filter((i) =>
      i === from ? echo : mode === 'broadcast' || broadcast,
    );
  const missing = (copy: Copy) => [...copy.pending.values()].reduce((sum, { by }) => sum + by.size, 0);
  using steady = every(50, () => {
    for (const copy of copies) copy.offer((STEADY_BYTES_PER_S * PRESSERS) / 20, size, form);
  });
  using asking = every(SAMPLE_EVERY_MS, () => {
    if (sent >= SAMPLES) return;
    sent += 1;
    for (const copy of copies) {
      const from = sent % copy.neighbours.length;
      const neighbour = copy.neighbours[from];
      if (!neighbour?.isOpen) continue;
      const token = context.random.token(16);
      copy.pending.set(token, { sentMs: nowMs(), by: new Set(hearers(from)) });
      expected += hearers(from).length;
      neighbour.send(payloadOf(form, token, 128));
    }
  });
  void steady;
  void asking;
  await context.watch(20_000, () => sent >= SAMPLES);
  await context.watch(LATE_MS, () => copies.every((copy) => copy.pending.size === 0));
  for (const copy of copies) context.samples(`${copy.name} latency`, 'ms', copy.latencies);
  context.measure('sampled', {
    kind: 'latency',
    sent,
    expected: expected / 2,
    fastMissing: missing(fast),
    slowMissing: missing(slow),
    pressersOpen: slow.openPressers,
  });
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((at, index) => at - (times[index] ?? at));
}

function shape({ workload }: ScenarioContext): { form: 'json' | 'text'; size: number } {
  return { form: workload.form === 'text' ? 'text' : 'json', size: Math.max(128, workload.maxBytes) };
}
