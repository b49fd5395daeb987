import cancel from '../../faults/cancel.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import type { Call } from '../../harness/drivers/grpc-call.js';
import { GrpcPeer } from '../../harness/drivers/grpc-peer.js';
import { Workers } from '../../harness/drivers/workers.js';
import { ranMs } from '../../harness/probes/busy.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';

const SETTLE_MS = 10_000;
/** Until the calls of a group have begun, as their first message shows; a quiet server sends none for long. */
const BEGUN_MS = 1000;
/** CHECKLIST rule 19, and as long again to see more than what was under way. */
const WATCHED_MS = 3000;
/** Many a server counts resets as an attack: Netty 200 in 30 s on one connection. */
const CALLS_PER_CONNECTION = 100;
const CONNECTIONS = 5;
const WARM_UP = 500;
const CANCELS = 1000;
/** A handler may look at its call only before it sends, or every few seconds. */
const STOPS_MS = 5000;
const WINDOW_MS = 1000;
/** A collector or a compiler at work is not in all of these. */
const WINDOWS = 3;
const WORK_MS_PER_S = 3;

export default defineScenario({
  id: 'cancelled',
  about:
    'calls cancelled on a connection that stays: what still comes of them, and does the server go on working for 1,000?',
  role: 'server',
  lane: 'busy',
  faults: ['cancel'],
  windowMs: 22_000,
  async run(context) {
    const server = await context.startServer();
    const workers = await Workers.of(context, server);
    context.phase('baseline');
    await cancelOnTheWire(context, server);
    if (server.process === undefined) return;
    await come(context, server, WARM_UP);
    const before = await workOf(context, server);
    context.measure('work', { round: 0, cancelled: 0, held: 0, workMs: before, alive: workers.alive });
    for (let round = 1, last = before, again = before !== null; again; round++) {
      const came = await come(context, server, CANCELS);
      const workMs = await workOf(context, server);
      context.measure('work', { round, ...came, workMs, alive: workers.alive });
      again = workers.alive && round < 2 && workMs !== null && last !== null && workMs - last > WORK_MS_PER_S;
      last = workMs;
    }
  },
});

/** A few calls through a gate that sees what still comes of them. */
async function cancelOnTheWire(context: ScenarioContext, server: StartedServer): Promise<void> {
  const gate = await context.openGate({ name: 'cancelled', to: server });
  const peer = context.defer(new GrpcPeer(context.target, gate));
  await context.watch(SETTLE_MS, () => peer.connection.settled);
  let [received, beside] = [0, 0];
  const [stays] = [peer.ask({ onMessage: () => void beside++ })];
  const calls = Array.from({ length: Math.min(3, peer.limit - 1) }, () =>
    peer.ask({ onMessage: () => void received++ }),
  );
  await context.watch(context.ms(2 * WATCHED_MS), () => received > 2 * calls.length && beside > 1);
  const ended = calls.filter(({ end }) => end).length;
  context.phase('fault');
  const streams = calls.map(({ stream }) => stream.id ?? 0);
  await context.inject(cancel, calls, {});
  const cancelledBeside = beside;
  await context.watch(WATCHED_MS, () => peer.connection.closedAtMs);
  context.measure('cancelled', {
    streams: streams.join(','),
    calls: calls.length,
    ended,
    received,
    /** What came meanwhile of a call that nobody cancelled. */
    beside: beside - cancelledBeside,
    connected: peer.connection.closedAtMs === undefined,
  });
  stays?.cancel();
}

/** So many calls, begun and cancelled, on connections that stay. */
async function come(context: ScenarioContext, server: StartedServer, cancels: number) {
  let cancelled = 0;
  const peers: GrpcPeer[] = [];
  while (peers.length * CALLS_PER_CONNECTION < cancels) {
    const group = Array.from({ length: CONNECTIONS }, () => context.defer(new GrpcPeer(context.target, server)));
    peers.push(...group);
    await context.watch(SETTLE_MS, () => group.every(({ connection }) => connection.settled));
    const begun = new Set<Call>();
    for (let asked = 0; asked < CALLS_PER_CONNECTION; ) {
      const calls = group.flatMap((peer) => {
        const count = Math.min(peer.limit, CALLS_PER_CONNECTION - asked);
        return Array.from({ length: count }, () => {
          const call: Call = peer.ask({ onMessage: () => void begun.add(call) });
          return call;
        });
      });
      if (calls.length === 0) break;
      asked += calls.length / group.length;
      await context.watch(BEGUN_MS, () => calls.every((call) => begun.has(call) || call.end));
      cancelled += calls.filter(({ end }) => end === undefined).length;
      await context.inject(cancel, calls, {}, 'many');
    }
  }
  await context.watch(context.ms(STOPS_MS));
  const held = peers.filter(({ connection }) => connection.closedAtMs === undefined && !connection.goaway).length;
  return { cancelled, held: held / peers.length };
}

/** Milliseconds of a core in a second, while nobody waits for anything. */
async function workOf(context: ScenarioContext, server: StartedServer): Promise<number | null> {
  const works: number[] = [];
  for (let window = 1; window <= WINDOWS; window++) {
    const [startMs, before] = [nowMs(), ranMs(server.pids())];
    await context.watch(WINDOW_MS);
    const now = ranMs(server.pids());
    if (now !== undefined && before !== undefined) works.push((1000 * (now - before)) / (nowMs() - startMs));
  }
  return works.length === WINDOWS ? Math.round(100 * Math.min(...works)) / 100 : null;
}
