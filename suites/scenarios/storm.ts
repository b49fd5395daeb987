import reset from '../../faults/reset.js';
import { after, nowMs } from '../../harness/clock.js';
import type { Gate } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { answersAtOnce } from '../../harness/drivers/newcomer.js';
import { Workers } from '../../harness/drivers/workers.js';
import { longestGap, MIB } from '../../harness/numbers.js';
import { busyMs } from '../../harness/probes/busy.js';
import type { ScenarioContext } from '../../harness/scenario.js';

const COST_SAMPLES = 20;
const BATCH = 50;
const BACK_MS = 60_000;
/** How long a client waits for its handshake where it is not to give up. */
const ENDLESS_MS = 30_000;
/** Goodput that stays 0 for so long is a collapse. */
const GAP_MS = 5000;
const RETRY_MS = 100;
/** CHECKLIST, storm-cascade: clients that time out after 3 s and retry. */
const PATIENCE_MS = 3000;
/** A lost SYN costs a client its patience once, whatever the server does. */
const CASCADE_FLOOR_MS = 2 * PATIENCE_MS;
/** A server that rates its clients lets a few of them in at a time. */
const FILL_ROUNDS = 10;
const FILL_PAUSE_MS = 1000;
/** Memory is read when a server has had time to collect what the cut left. */
const SETTLE_MS = 3000;

export default defineScenario({
  id: 'storm',
  about:
    'all clients cut in one instant, all back at once; twice, and twice more where memory grew; then with clients that give up after 3 s',
  role: 'server',
  lane: 'busy',
  faults: ['reset'],
  connections: ({ clients }) => clients,
  windowMs: 16_000,
  async run(context) {
    const clients = context.options.clients;
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'storm', to: server, tap: false });
    context.phase('baseline');
    const costs: number[] = [];
    for (let i = 0; i < COST_SAMPLES; i++) {
      const startMs = nowMs();
      const session = await context.openSession({
        name: 'cost',
        to: gate,
        silent: true,
        answered: answersAtOnce(context),
      });
      if (!('refused' in session)) costs.push(nowMs() - startMs);
      if (!('refused' in session)) session.terminate();
    }
    context.samples('connect cost', 'ms', costs);
    const workers = await Workers.of(context, server);
    const open = await fill(context, gate, clients);
    context.measure('filled', { asked: clients, open });
    context.phase('fault');
    const rss: number[] = [];
    let longestMs = 0;
    // A heap that grows to its size and stays is no leak: where the second storm left more, two further ones tell.
    for (let round = 1; round <= (grows(rss) ? 4 : 2); round++) {
      await context.inject(reset, [gate], {});
      const { answered, ...seen } = await storm(context, gate, clients, { patienceMs: ENDLESS_MS, limitMs: BACK_MS });
      context.samples(`served ${round}`, 'ms', seen.served);
      context.samples(`attempts ${round}`, 'ms', seen.attempts);
      const { served, attempts, orderly } = seen;
      context.measure('storm', { round, clients, served: served.length, orderly, attempts: attempts.length });
      longestMs = Math.max(longestMs, ...answered);
      await context.watch(context.ms(SETTLE_MS));
      const rssBytes = server.memoryBytes() ?? null;
      rss.push(rssBytes ?? 0);
      context.measure('after storm', { round, rssBytes, alive: workers.alive });
      // Who is not back by itself will not be back for clients that give up.
      if (!workers.alive || answered.length < clients) return;
    }
    const limitMs = Math.max(CASCADE_FLOOR_MS, 2 * longestMs);
    for (let round = 1; round <= 2; round++) {
      await context.inject(reset, [gate], {});
      const own = new OwnWork();
      const { answered, abandoned } = await storm(context, gate, clients, { patienceMs: PATIENCE_MS, limitMs });
      context.samples(`answered ${round}`, 'ms', answered);
      const back = answered.length;
      context.measure('cascade', {
        round,
        clients,
        answered: back,
        abandoned,
        limitMs,
        alive: workers.alive,
        ownShare: own.share,
      });
      // Once may be the machine.
      if (back === clients && longestGap(answered) < GAP_MS) return;
    }
  },
});

/** How much of the time until the first give up this process ran, or wanted to: what it could not send was not refused. */
class OwnWork {
  private readonly startMs = nowMs();
  private readonly before = busyMs([process.pid]);
  private seen: number | null | undefined;

  constructor() {
    after(PATIENCE_MS, () => this.look());
  }

  private look(): void {
    const now = busyMs([process.pid]);
    const known = this.before !== undefined && now !== undefined;
    if (this.seen === undefined) this.seen = known ? (now - (this.before ?? 0)) / (nowMs() - this.startMs) : null;
  }

  get share(): number | null {
    this.look();
    return this.seen ?? null;
  }
}

function grows(rss: readonly number[]): boolean {
  const [first = 0, second = 0] = rss;
  return second > 1.1 * first + 16 * MIB;
}

async function fill(context: ScenarioContext, gate: Gate, clients: number): Promise<number> {
  let open = 0;
  for (let round = 1; round <= FILL_ROUNDS && open < clients; round++) {
    if (round > 1) await context.watch(FILL_PAUSE_MS);
    let refused = 0;
    for (let begun = open; begun < clients && refused === 0; begun += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, clients - begun) }, (_, i) =>
        context.openSession({ name: `fill-${begun + i}`, to: gate, silent: true, answered: answersAtOnce(context) }),
      );
      const sessions = await Promise.all(batch);
      refused = sessions.filter((session) => 'refused' in session).length;
      open += sessions.length - refused;
    }
  }
  return open;
}

interface Stormed {
  /** When somebody was served, since the storm began; likewise the rest. */
  readonly served: number[];
  /** Served, or refused in an orderly way. */
  readonly answered: number[];
  readonly attempts: number[];
  readonly orderly: number;
  /** Attempts that a client gave up. */
  readonly abandoned: number;
}

/** Everybody at once, each again 100 ms after a failure, until served or refused in an orderly way. */
async function storm(
  context: ScenarioContext,
  gate: Gate,
  clients: number,
  { patienceMs, limitMs }: { readonly patienceMs: number; readonly limitMs: number },
): Promise<Stormed> {
  const startMs = nowMs();
  const sinceMs = () => nowMs() - startMs;
  const served: number[] = [];
  const answered: number[] = [];
  const attempts: number[] = [];
  let orderly = 0;
  let abandoned = 0;
  const one = async (i: number): Promise<void> => {
    while (sinceMs() < limitMs) {
      const beganMs = sinceMs();
      attempts.push(beganMs);
      const session = await context.openSession({
        name: `storm-${i}`,
        to: gate,
        silent: true,
        answered: answersAtOnce(context),
        openTimeoutMs: patienceMs,
      });
      const refusal = 'refused' in session ? session : undefined;
      if (!refusal) served.push(sinceMs());
      if (refusal?.status === 503 || refusal?.status === 429) orderly += 1;
      else if (refusal) {
        if (sinceMs() - beganMs >= 0.9 * patienceMs) abandoned += 1;
        await context.watch(RETRY_MS);
        continue;
      }
      answered.push(sinceMs());
      return;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, i) => one(i)));
  return { served, answered, attempts, orderly, abandoned };
}
