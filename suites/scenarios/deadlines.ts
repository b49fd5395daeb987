import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import type { Call } from '../../harness/drivers/grpc-call.js';
import { GrpcPeer } from '../../harness/drivers/grpc-peer.js';

/** CHECKLIST rule 19. */
const DEADLINE_MS = 500;
const CALLS = 3;
/** Also for an end that comes too late. */
const WATCHED_MS = 6000;
const SETTLE_MS = 10_000;

/** Nothing of ours ends these calls: a server that goes on has not kept to the deadline. */
export default defineScenario({
  id: 'deadlines',
  about: 'calls with grpc-timeout: 500m that nobody cancels, beside one without a deadline',
  role: 'server',
  lane: 'quiet',
  faults: [],
  windowMs: WATCHED_MS + 1000,
  async run(context) {
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'deadline', to: server });
    const peer = context.defer(new GrpcPeer(context.target, gate));
    await context.watch(SETTLE_MS, () => peer.connection.settled);
    context.phase('baseline');
    const askedMs = nowMs();
    const lasting = peer.ask();
    // A program's first call may take seconds (a JVM loads its classes), which are no deadline's: it has answered that one first.
    await context.watch(SETTLE_MS, () => lasting.head !== undefined || lasting.end !== undefined);
    const startMs = nowMs();
    const limited = Array.from({ length: Math.min(CALLS, peer.limit - 1) }, () =>
      peer.ask({ deadlineMs: DEADLINE_MS }),
    );
    await context.watch(WATCHED_MS, () => limited.every(({ end }) => end) && nowMs() - startMs > 4 * DEADLINE_MS);
    const tell = (name: string, { end }: Call, fromMs: number) =>
      context.measure(name, {
        deadlineMs: name === 'limited' ? DEADLINE_MS : null,
        endedMs: end ? Math.round(end.atMs - fromMs) : null,
        watchedMs: Math.round(nowMs() - fromMs),
        status: end?.status ?? null,
        told: end?.told ?? false,
      });
    tell('lasting', lasting, askedMs);
    for (const call of limited) tell('limited', call, startMs);
  },
});
