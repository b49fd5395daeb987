import reset from '../../faults/reset.js';
import { nowMs } from '../../harness/clock.js';
import type { Gate } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { MIB } from '../../harness/numbers.js';
import type { ScenarioContext, Session } from '../../harness/scenario.js';

const COST_SAMPLES = 20;
const BATCH = 50;
const BACK_MS = 60_000;
const RETRY_MS = 100;
/** Memory is read when a server has had time to collect what the cut left. */
const SETTLE_MS = 3000;

export default defineScenario({
  id: 'storm',
  about: 'all clients cut in one instant, all back at once; twice, and twice more where memory grew',
  role: 'server',
  lane: 'busy',
  faults: ['reset'],
  windowMs: 15_000,
  async run(context) {
    const clients = context.options.clients;
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'storm', to: server, tap: false });
    context.phase('baseline');
    const costs: number[] = [];
    for (let i = 0; i < COST_SAMPLES; i++) {
      const startMs = nowMs();
      const session = await context.openSession({ name: 'cost', to: gate, silent: true });
      if (!('refused' in session)) costs.push(nowMs() - startMs);
      if (!('refused' in session)) session.terminate();
    }
    context.samples('connect cost', 'ms', costs);
    const first = await fill(context, gate, clients);
    context.measure('filled', { asked: clients, open: first.length });
    context.phase('fault');
    const rss: number[] = [];
    // A heap that grows to its size and stays is no leak: where the second storm left more, two further ones tell.
    for (let round = 1; round <= (grows(rss) ? 4 : 2); round++) {
      await context.inject(reset, [gate], {});
      await storm(context, gate, clients, round);
      await context.watch(context.ms(SETTLE_MS));
      const rssBytes = server.memoryBytes() ?? null;
      rss.push(rssBytes ?? 0);
      context.measure('after storm', { round, rssBytes, alive: server.alive() });
      if (!server.alive()) break;
    }
  },
});

function grows(rss: readonly number[]): boolean {
  const [first = 0, second = 0] = rss;
  return second > 1.1 * first + 16 * MIB;
}

async function fill(context: ScenarioContext, gate: Gate, clients: number): Promise<Session[]> {
  const sessions: Session[] = [];
  for (let open = 0; open < clients; open += BATCH) {
    const batch = Math.min(BATCH, clients - open);
    const opened = await Promise.all(
      Array.from({ length: batch }, (_, i) =>
        context.openSession({ name: `fill-${open + i}`, to: gate, silent: true }),
      ),
    );
    sessions.push(...opened.filter((session): session is Session => !('refused' in session)));
  }
  return sessions;
}

/** Everybody at once, each again 100 ms after a failure, until served or refused in an orderly way. */
async function storm(context: ScenarioContext, gate: Gate, clients: number, round: number): Promise<void> {
  const startMs = nowMs();
  const served: number[] = [];
  const attempts: number[] = [];
  let orderly = 0;
  const one = async (i: number): Promise<void> => {
    while (nowMs() - startMs < BACK_MS) {
      attempts.push(nowMs() - startMs);
      const session = await context.openSession({
        name: `storm-${round}-${i}`,
        to: gate,
        silent: true,
        openTimeoutMs: 30_000,
      });
      if (!('refused' in session)) {
        served.push(nowMs() - startMs);
        return;
      }
      if (session.status === 503 || session.status === 429) {
        orderly += 1;
        return;
      }
      await context.watch(RETRY_MS);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, i) => one(i)));
  context.samples(`served ${round}`, 'ms', served);
  context.samples(`attempts ${round}`, 'ms', attempts);
  context.measure('storm', { round, clients, served: served.length, orderly, attempts: attempts.length });
}
