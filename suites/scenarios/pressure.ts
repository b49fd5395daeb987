import slowReader from '../../faults/slow-reader.js';
import { every, nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { PressureCopy, type PressureMode } from '../../harness/drivers/pressure-copy.js';
import { MIB } from '../../harness/numbers.js';
import type { ScenarioContext } from '../../harness/scenario.js';

const SLOW_BYTES_PER_S = 1024;
/** Beyond what the kernels took (CHECKLIST rule 13). */
const BEYOND_BYTES = 128 * MIB;
/** What the kernels of both sides take of four connections at most; for a control that runs before the slow copy. */
const KERNEL_GUESS_BYTES = 48 * MIB;
/** More than what may be withheld and kept (CHECKLIST, unbounded-buffer). */
const SHOWS_BYTES = 80 * MIB;
const PUSH_MS = 60_000;
const FLOOD_BYTES_PER_S = 1024 * MIB;
/** Still enough in the time there is. */
const STEADY_PUSH_BYTES_PER_S = 4 * MIB;
/** Fills the kernels of a slow client in some twenty seconds. */
const GENTLE_BYTES_PER_S = 256 * 1024;
/** Also after a tick that came late, no more is sent at once than in this time. */
const BURST_MS = 20;
/** A push that would get nowhere near it in time is given up early; a rate can still rise by so much. */
const JUDGE_RATE_MS = 12_000;
const RATE_MAY_RISE = 1.5;
/** Under way to and from the fast copy at most. */
const WINDOW_BYTES = 4 * MIB;
const SETTLE_MS = 1500;
const SAMPLES = 1000;
const SAMPLE_EVERY_MS = 5;
const SAMPLING_MS = 20_000;
const LATE_MS = 5000;
/** Kept up while the neighbours are timed: the article's 100 KB/s for each of four. */
const STEADY_BYTES_PER_S = 400_000;
const MEMORY_EVERY_MS = 100;

/**
 * Two copies of the server, the same push on both. On one the pressers read fast, on the other through a gate at
 * 1 KB/s: what differs is the slow reading, not the load. Side by side, or one after the other where they share a port.
 */
export default defineScenario({
  id: 'pressure',
  about: 'clients that read 1 KB/s under a push, their neighbours timed, beside a copy where all read fast',
  role: 'server',
  lane: 'busy',
  ownServer: true,
  faults: ['slow-reader'],
  windowMs: 40_000,
  run: (context) => pressTwo(context, (copy) => copy.slowDown(slowReader, { bytesPerS: SLOW_BYTES_PER_S })),
});

/** How the pressers of the one copy come to read slowly. */
type Slowing = (copy: PressureCopy) => Promise<void>;

export async function pressTwo(context: ScenarioContext, slowing: Slowing): Promise<void> {
  const mode = modeOf(context);
  if (!mode) return context.obstacle('NO_PUSH', 'the server neither pushes nor answers what a client sends');
  let pressed = await press(context, mode, slowing, FLOOD_BYTES_PER_S);
  // A server may cut whoever has not read a burst by the time it is written; gentler pushes tell the slow from the fast.
  for (const bytesPerS of [STEADY_PUSH_BYTES_PER_S, GENTLE_BYTES_PER_S]) {
    if (!pressed.told && mode !== 'push') pressed = await press(context, mode, slowing, bytesPerS);
  }
  for (const record of pressed.tell) record();
}

/** Presses two copies; `tell` gives what was seen to the history, of the last attempt only. */
async function press(context: ScenarioContext, mode: PressureMode, slowing: Slowing, bytesPerS: number) {
  const { server } = context.target;
  const serial = server?.port !== undefined || server?.serialCopies === true;
  const fast = await PressureCopy.start(context, 'fast', mode);
  const others = serial ? [] : [await PressureCopy.start(context, 'slow', mode)];
  context.phase('baseline');
  await context.watch(1000);
  const fastBase = fast.readMemory();
  let slowBase = others[0]?.readMemory() ?? null;
  context.phase('fault');
  for (const slow of others) await slowing(slow);
  const leading = await lead(context, fast, others[0], mode, bytesPerS);
  let [slow] = others;
  let following = leading;
  let sampled: readonly (() => void)[];
  if (slow) sampled = await sample(context, [fast, slow], mode, bytesPerS);
  else {
    const alone = await sample(context, [fast], mode, bytesPerS);
    await fast.stop();
    slow = await PressureCopy.start(context, 'slow', mode);
    await context.watch(1000);
    slowBase = slow.readMemory();
    await slowing(slow);
    following = await follow(context, slow, mode, leading);
    sampled = [...alone, ...(await sample(context, [slow], mode, bytesPerS))];
  }
  const pushed = {
    mode,
    tookMs: leading.tookMs,
    fastTakenBytes: leading.takenBytes,
    slowTakenBytes: following.slowTakenBytes,
    kernelBytes: following.kernelBytes,
    neededBytes: following.kernelBytes + BEYOND_BYTES,
    fastPeakBytes: fast.peakBytes,
    slowPeakBytes: slow.peakBytes,
    fastWhole: leading.fastWhole && fast.whole,
    disconnectedAtMs: following.cutAtMs,
    alive: slow.alive,
  };
  const told = pushed.fastWhole && (slow.bystandersOpen || !pushed.alive);
  const missing = { kind: mode === 'push' ? 'gap' : 'latency', fastMissing: fast.missing, slowMissing: slow.missing };
  await Promise.all([fast.stop(), slow.stop()]);
  return {
    /** Whoever was cut was cut for reading slowly. */
    told,
    tell: [
      () => context.measure('before', { fastRssBytes: fastBase, slowRssBytes: slowBase }),
      () => context.measure('pushed', pushed),
      ...sampled,
      () => context.measure('sampled', missing),
    ],
  };
}

interface Pushed {
  readonly tookMs: number;
  readonly takenBytes: number;
  readonly slowTakenBytes: number;
  readonly kernelBytes: number;
  readonly cutAtMs: number | null;
  /** All pressers of the control were still connected: else its push was not the whole one. */
  readonly fastWhole: boolean;
}

function modeOf({ workload, target }: ScenarioContext): PressureMode | undefined {
  const declared = Object.keys(target.server?.pressureEnv ?? {}).length > 0;
  if (declared && workload.push) return 'push';
  if (workload.broadcast) return 'broadcast';
  if (workload.echo) return 'echo';
  return workload.push ? 'push' : undefined;
}

/** The push is what a fast witness receives: the fast copy sets the pace, the slow one beside it gets the same. */
async function lead(
  context: ScenarioContext,
  fast: PressureCopy,
  slow: PressureCopy | undefined,
  mode: PressureMode,
  bytesPerS: number,
): Promise<Pushed> {
  const { form, size } = shape(context);
  const ratio = mode === 'push' ? 1 : await returned(context, fast, size, form);
  const startMs = nowMs();
  for (const copy of slow ? [fast, slow] : [fast]) copy.timeFrom(startMs);
  const seen = new SlowSide(slow, startMs);
  const burst = Math.min(MIB, (bytesPerS * BURST_MS) / 1000);
  using pumping = every(2, () => {
    if (mode === 'push') return;
    const paced = (bytesPerS * (nowMs() - startMs)) / 1000 - fast.offeredBytes;
    const room = Math.min(paced, burst, WINDOW_BYTES - (fast.offeredBytes - fast.takenBytes / ratio));
    if (room > 0) fast.offer(room, size, form);
    const behind = fast.offeredBytes - (slow?.offeredBytes ?? 0);
    if (slow && behind > 0) slow.offer(Math.min(behind, burst), size, form);
  });
  void pumping;
  await context.watch(
    PUSH_MS,
    () => {
      fast.readMemory();
      seen.look();
      // Once the control is not whole any more nothing can be learnt from it.
      if (!fast.whole) return true;
      const needed = (slow ? seen.kernelBytes : KERNEL_GUESS_BYTES) + BEYOND_BYTES;
      const elapsed = nowMs() - startMs;
      const rate = fast.takenBytes / elapsed;
      // A server that pushes by itself is not pushed again more gently: what shows a growing memory will do.
      const least = mode === 'push' ? seen.kernelBytes + SHOWS_BYTES : needed;
      if (bytesPerS > GENTLE_BYTES_PER_S && elapsed > JUDGE_RATE_MS && rate * PUSH_MS * RATE_MAY_RISE < least)
        return true;
      return fast.takenBytes >= needed || slow?.openPressers === 0;
    },
    MEMORY_EVERY_MS,
  );
  const tookMs = nowMs() - startMs;
  const takenBytes = fast.takenBytes;
  // A garbage collector works behind the allocation; what is withheld stays.
  await context.watch(
    SETTLE_MS,
    () => {
      fast.readMemory();
      seen.look();
      return false;
    },
    MEMORY_EVERY_MS,
  );
  return { tookMs, takenBytes, fastWhole: fast.whole, ...seen.facts };
}

/** What comes back of what is sent: a server may pass on one field of a message, or more than it got. */
async function returned(
  context: ScenarioContext,
  fast: PressureCopy,
  size: number,
  form: 'json' | 'text',
): Promise<number> {
  fast.offer(size, size, form);
  await context.watch(2000, () => fast.takenBytes > 0);
  // The rest of an answer in several parts.
  await context.watch(100);
  const offered = fast.offeredBytes;
  return offered > 0 && fast.takenBytes > 0 ? fast.takenBytes / offered : 1;
}

/** The same amount at the same pace on a copy of its own, after the fast one. */
async function follow(context: ScenarioContext, slow: PressureCopy, mode: PressureMode, led: Pushed): Promise<Pushed> {
  const { form, size } = shape(context);
  const startMs = nowMs();
  slow.timeFrom(startMs);
  const seen = new SlowSide(slow, startMs);
  const goal = led.takenBytes;
  using pumping = every(2, () => {
    const due = goal * Math.min(1, (nowMs() - startMs) / led.tookMs);
    if (mode !== 'push' && due > slow.offeredBytes) slow.offer(Math.min(due - slow.offeredBytes, MIB), size, form);
  });
  void pumping;
  await context.watch(
    led.tookMs + SETTLE_MS,
    () => {
      seen.look();
      return slow.openPressers === 0;
    },
    MEMORY_EVERY_MS,
  );
  return { ...led, ...seen.facts };
}

/** What is watched of the slow copy while it is pushed. */
class SlowSide {
  kernelBytes = 0;
  private cutAtMs: number | null = null;
  constructor(
    private readonly copy: PressureCopy | undefined,
    private readonly startMs: number,
  ) {}
  look(): void {
    if (!this.copy) return;
    this.copy.readMemory();
    this.kernelBytes = Math.max(this.kernelBytes, this.copy.lookAtKernel());
    if (!this.copy.allOpen) this.cutAtMs ??= nowMs() - this.startMs;
  }
  get facts() {
    return { slowTakenBytes: this.copy?.takenBytes ?? 0, kernelBytes: this.kernelBytes, cutAtMs: this.cutAtMs };
  }
}

/** All copies at once, so that whatever else happens on the machine happens to all. */
async function sample(
  context: ScenarioContext,
  copies: readonly PressureCopy[],
  mode: PressureMode,
  bytesPerS: number,
): Promise<(() => void)[]> {
  const { form, size } = shape(context);
  if (mode === 'push') {
    // The push itself is timed, from the moment when the slow ones began to read slowly.
    const enough = () => copies.every((copy) => copy.arrivals.flat().length >= SAMPLES);
    await context.watch(SAMPLING_MS, enough);
    const endMs = nowMs();
    return copies.map((copy) => {
      const gaps = copy.arrivals.flatMap((times) => between([copy.timedFromMs, ...times, endMs]));
      return () => context.samples(`${copy.name} gap`, 'ms', gaps);
    });
  }
  const { echo, broadcast } = context.workload;
  const everyone = Array.from({ length: copies[0]?.neighbourCount ?? 0 }, (_, i) => i);
  let sent = 0;
  const steadyBytesPerS = Math.min(STEADY_BYTES_PER_S, bytesPerS / 2);
  using steady = every(20, () => {
    for (const copy of copies) copy.offer(steadyBytesPerS / 50, size, form);
  });
  using asking = every(SAMPLE_EVERY_MS, () => {
    if (sent >= SAMPLES) return;
    sent += 1;
    const from = sent % everyone.length;
    const hearers = everyone.filter((i) => (i === from ? echo : broadcast));
    for (const copy of copies) copy.ask(from, hearers, context.random.token(16), nowMs(), form);
  });
  void steady;
  void asking;
  await context.watch(SAMPLING_MS, () => sent >= SAMPLES);
  await context.watch(LATE_MS, () => copies.every((copy) => copy.missing === 0));
  return copies.map((copy) => () => context.samples(`${copy.name} latency`, 'ms', copy.latencies));
}

function between(times: readonly number[]): number[] {
  return times.slice(1).map((at, index) => at - (times[index] ?? at));
}

function shape({ workload }: ScenarioContext): { form: 'json' | 'text'; size: number } {
  return { form: workload.form === 'text' ? 'text' : 'json', size: Math.max(128, workload.maxBytes) };
}
