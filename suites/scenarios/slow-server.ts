import heldWindows from '../../faults/held-windows.js';
import slowServer from '../../faults/slow-server.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { MIB } from '../../harness/numbers.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import { ROOMY_SHARE } from '../shared/send-buffer-evidence.js';
import { Crowding, LOOK_MS, Sender } from './sender.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 10_000;
const SLOW_BYTES_PER_S = 1000;
/** Below it there is nothing that could pile up. */
const LEAST_BYTES_PER_S = 100_000;
/** Withheld so much, a client that keeps everything cannot be taken for one with a limit. */
const ENOUGH_BYTES = 96 * MIB;
/** Where the windows of a healthy path are used up as well memory alone tells, and there was more to keep than all that a client has. */
const MORE_THAN_ALL = 1.5;
const MOST_BYTES = 512 * MIB;
const SLOW_MS = 75_000;
/** A garbage collector works behind the allocation; what is kept stays. */
const SETTLE_MS = 2000;
/** What was kept comes at once when it is read again; what comes later is new. */
const FLUSH_MS = 12_000;
const QUIET_MS = 2000;
/** A library that is woken writes window by window. */
const WINDOWS_QUIET_MS = 4000;

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
    const fast = new Sender(context, await context.openGate({ name: 'fast', to: upstream, tap }));
    await Promise.all([slow.start(), fast.start()]);
    await context.watch(ARRIVE_MS, () => slow.connected && fast.connected);
    context.phase('baseline');
    const [sinceMs, before, usual] = [nowMs(), slow.takenBytes, new Crowding(fast)];
    await context.watch(context.ms(BASELINE_MS), () => slow.look(fast), LOOK_MS);
    if (!slow.connected || !fast.connected)
      return context.obstacle('BASELINE', 'the client did not hold a session for 10 s on a healthy path');
    const bytesPerS = (slow.takenBytes - before) / ((nowMs() - sinceMs) / 1000);
    context.measure('sends', { bytesPerS });
    if (bytesPerS < LEAST_BYTES_PER_S) return;

    context.phase('fault');
    const marks = [slow.mark(), fast.mark()] as const;
    const [startMs, crowding, isItsMemory] = [nowMs(), new Crowding(fast), slow.sends];
    const isCrowded = inStreams && usual.share > ROOMY_SHARE;
    const enoughBytes = isCrowded
      ? Math.min(MOST_BYTES, Math.max(ENOUGH_BYTES, MORE_THAN_ALL * slow.rssBytes))
      : ENOUGH_BYTES;
    const slowed = inStreams
      ? await context.inject(heldWindows, slow.gate, {})
      : await context.inject(slowServer, slow.gate, { bytesPerS: SLOW_BYTES_PER_S });
    let [leftAtMs, leftBytes, rssGrowthBytes, ownGrowthBytes]: [number | null, number, number, number] = [
      null,
      0,
      0,
      0,
    ];
    const withheld = () => fast.since(marks[1]).bytes - slow.since(marks[0]).bytes - slow.kernelBytes;
    const look = () => {
      slow.look(fast);
      crowding.look();
      const growthBytes = slow.since(marks[0]).rssBytes;
      ownGrowthBytes = Math.max(ownGrowthBytes, growthBytes);
      rssGrowthBytes = Math.max(rssGrowthBytes, growthBytes - fast.since(marks[1]).rssBytes);
      if (leftAtMs !== null || slow.holdsOn) return;
      leftAtMs = nowMs() - startMs;
      // What the kernel held is gone too.
      leftBytes = Math.max(0, withheld());
    };
    await context.watch(
      context.ms(SLOW_MS),
      () => {
        look();
        return withheld() >= enoughBytes || leftAtMs !== null || slow.client.process.exit !== undefined;
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
      ownGrowthBytes,
      rssBytes: isItsMemory ? slow.rssBytes : null,
      leftAtMs,
    };
    const flushing = new Crowding(fast);
    // Whoever left took what it kept along.
    const keptBytes =
      leftAtMs === null
        ? await flush(
            context,
            { slow, fast },
            () => slowed.heal(),
            withheldBytes,
            inStreams ? WINDOWS_QUIET_MS : QUIET_MS,
          )
        : null;
    const crowdedShare = Math.max(crowding.share, flushing.share);
    context.measure('slowed', { ...facts, keptBytes, crowdedShare, exited: slow.client.process.exit !== undefined });
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
  quietMs: number,
): Promise<number> {
  const { kernelBytes } = slow;
  const taken = () => [slow.takenBytes, fast.takenBytes] as const;
  const [slowBefore, fastBefore] = taken();
  await heal();
  let [seenMs, slowSeen, fastSeen] = [nowMs(), slowBefore, fastBefore];
  const keptBytes = () => slow.takenBytes - slowBefore - kernelBytes - (fast.takenBytes - fastBefore);
  await context.watch(FLUSH_MS, () => {
    if (keptBytes() >= withheldBytes) return true;
    if (nowMs() - seenMs < quietMs) return false;
    const [slowNow, fastNow] = taken();
    const calm = slowNow - slowBefore >= kernelBytes && slowNow - slowSeen < 1.5 * (fastNow - fastSeen);
    [seenMs, slowSeen, fastSeen] = [nowMs(), slowNow, fastNow];
    return calm;
  });
  return Math.max(0, Math.min(withheldBytes, keptBytes()));
}
