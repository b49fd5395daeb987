import departure from '../../faults/departure.js';
import { every, nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { Workers } from '../../harness/drivers/workers.js';
import { MIB } from '../../harness/numbers.js';
import { ranMs } from '../../harness/probes/busy.js';
import { openDescriptors } from '../../harness/probes/descriptors.js';
import type { ScenarioContext, Session } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';

const GROUP = 100;
/** A program's heap and its pools find their size in these. */
const WARM_UP = 200;
const LEAVES = 1000;
/** Until something was written to each of a group; a quiet server writes nothing for long. */
const WRITTEN_MS = 300;
const OPEN_MS = 3000;
/** CHECKLIST, ignored-disconnect. */
const STOPS_MS = 5000;
/**
 * The first write into a connection that the client has closed is answered by a reset, the next one fails: a server that only
 * notices when it writes has noticed after two. A third, since its writes to each client may go at times of their own.
 */
const WRITES = 3;
/** Two heartbeats of 15 s. */
const WATCHED_MS = 35_000;
const LOOK_MS = 20;
/** Descriptors of pools and the like. */
const SLACK = 10;
/** Beyond that further thousands are made. */
const MEMORY_BYTES = 16 * MIB;
const WORK_MS = 0.7;
/** Both together say more than each alone. */
const SOME_BYTES = 8 * MIB;
const SOME_WORK_MS = 0.3;
const SETTLE_MS = 1000;
/** A collector or a compiler at work is not in all of these. */
const WINDOWS = 3;
const WINDOW_WRITES = 2;
const WINDOW_MS = 2500;
const LEAST_MS = 400;

/** Clients come straight to the server: a hop between would hide how they left. */
export default defineScenario({
  id: 'leaving',
  about:
    '1,000 clients come and leave, by FIN and by RST; what has the server left of them, and does it still write to them?',
  role: 'server',
  lane: 'busy',
  ownServer: true,
  faults: ['departure'],
  connections: () => 100,
  windowMs: 9000,
  async run(context) {
    const server = await context.startServer();
    const workers = await Workers.of(context, server);
    const witness = new Witness(context, server);
    await witness.arrive();
    context.defer(every(LOOK_MS, () => witness.look()));
    context.phase('baseline');
    const calm = openDescriptors(server.pids()) ?? null;
    await come(context, server, WARM_UP);
    await context.watch(SETTLE_MS);
    const warm = await cost(context, server, witness);
    context.measure('before', { descriptors: calm, ...warm });
    context.phase('fault');
    // What may be a pool that finds its size is looked at once more, and what may be a heap up to three times.
    for (let round = 1, last = warm, again = true; again; round++) {
      const came = await come(context, server, LEAVES);
      const gone = await untilGone(context, server, witness, (calm ?? 0) + SLACK);
      const now = await cost(context, server, witness);
      context.measure('after', { round, ...came, ...gone, ...now, alive: workers.alive });
      const [work, bytes] = [grown(warm.workMs, now.workMs), grown(last.rssBytes, now.rssBytes)];
      const stay = gone.tookMs === null && gone.writes >= WRITES;
      const works = work > WORK_MS || (work > SOME_WORK_MS && bytes > SOME_BYTES);
      again = workers.alive && ((stay && round < 2) || (works && round < 3) || (bytes > MEMORY_BYTES && round < 4));
      last = now;
    }
  },
});

/** A group after the other, each gone again when something was written to it. */
async function come(context: ScenarioContext, server: StartedServer, leaves: number) {
  let left = 0;
  let held = 0;
  for (let group = 0; group < leaves / GROUP; group++) {
    const opening = Array.from({ length: GROUP }, () =>
      context.openSession({ name: 'leaver', to: server, silent: true, openTimeoutMs: OPEN_MS }),
    );
    const sessions = (await Promise.all(opening)).filter((session): session is Session => !('refused' in session));
    await context.watch(WRITTEN_MS, () => sessions.every(({ receivedBytes }) => receivedBytes > 0));
    held = Math.max(held, openDescriptors(server.pids()) ?? 0);
    left += sessions.filter(({ isOpen }) => isOpen).length;
    await context.inject(departure, sessions, { by: group % 2 === 0 ? 'FIN' : 'RST' });
  }
  return { left, held };
}

/** Until so many descriptors are left, or 5 s after it must have noticed. */
async function untilGone(context: ScenarioContext, server: StartedServer, witness: Witness, limit: number) {
  await witness.arrive();
  const startMs = nowMs();
  const before = witness.writes;
  const writes = () => witness.writes - before;
  let noticedMs: number | undefined;
  const isGone = () => (openDescriptors(server.pids()) ?? 0) <= limit;
  await context.watch(context.ms(WATCHED_MS), () => {
    if (writes() >= WRITES) noticedMs ??= nowMs();
    return isGone() || (noticedMs !== undefined && nowMs() - noticedMs > context.ms(STOPS_MS));
  });
  return {
    tookMs: isGone() ? Math.round(nowMs() - startMs) : null,
    descriptors: openDescriptors(server.pids()) ?? null,
    writes: writes(),
  };
}

/** What it holds, and what it does each time that it writes, while nobody but the witness is there. */
async function cost(context: ScenarioContext, server: StartedServer, witness: Witness) {
  await context.watch(SETTLE_MS);
  await witness.arrive();
  const works: number[] = [];
  for (let window = 1; window <= 2 * WINDOWS && works.length < WINDOWS; window++) {
    const [startMs, writes, ran] = [nowMs(), witness.writes, ranMs(server.pids())];
    await context.watch(WINDOW_MS, () => nowMs() - startMs > LEAST_MS && witness.writes - writes >= WINDOW_WRITES);
    const written = witness.writes - writes;
    const now = ranMs(server.pids());
    if (written >= WINDOW_WRITES && ran !== undefined && now !== undefined) works.push((now - ran) / written);
    // Sent away in the middle of it: once more. Written to too seldom: no window will show it.
    else if (!(await witness.arrive())) break;
  }
  return { rssBytes: server.memoryBytes() ?? null, workMs: works.length === WINDOWS ? Math.min(...works) : null };
}

function grown(before: number | null, after: number | null): number {
  return before === null || after === null ? 0 : after - before;
}

/** Sees what the server writes: a broadcast, or at the pace at which it writes to anybody. */
class Witness {
  writes = 0;
  private session: Session | undefined;
  private seenBytes = 0;
  constructor(
    private readonly context: ScenarioContext,
    private readonly server: StartedServer,
  ) {}

  /** A server may end each stream after a time: true where it had to come again. */
  async arrive(): Promise<boolean> {
    if (this.session?.isOpen) return false;
    this.session?.terminate();
    this.session = await this.context.mustOpen({ name: 'witness', to: this.server, silent: true });
    this.seenBytes = 0;
    return true;
  }

  look(): void {
    const bytes = this.session?.receivedBytes ?? 0;
    if (bytes > this.seenBytes) this.writes += 1;
    this.seenBytes = bytes;
  }
}
