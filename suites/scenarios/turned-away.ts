import callRefusal from '../../faults/call-refusal.js';
import flapping from '../../faults/flapping.js';
import httpRefusal from '../../faults/http-refusal.js';
import reset from '../../faults/reset.js';
import { nowMs } from '../../harness/clock.js';
import type { Gate } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { GateCalls, heldAt } from '../../harness/gate-calls.js';
import type { Address, ScenarioContext } from '../../harness/scenario.js';
import { FIRST_GOODBYES, FLAP_GATE, FLAPPING, REFUSED_GATE } from '../../harness/turned-away.js';
import { sayGoodbyes } from './goodbyes.js';
import { startHolding } from './held-sessions.js';

/** CHECKLIST rule 20: six attempts or 60 s; a client that does not back off shows more of itself in that time. */
const FLAPPING_MS = 60_000;
const FLAPS = 20;
/** Longer than the longest first delay that anybody uses. */
const FIRST_MS = 35_000;
/** CHECKLIST, retries-forbidden: at most 3 attempts in 30 s, from the first that was refused. */
const FORBIDDEN_MS = 30_000;
/** Watched for longer by so much: on a busy machine the fourth attempt may come late. */
const SLACK = 1.2;
/** Longer than any first delay of a client's own; Retry-After is told in whole seconds. */
const RETRY_AFTER_S = 20;
/**
 * The first goodbye, and each of its repeats, compares delays, and goes before all else that makes clients come back; who is slow
 * then is not waited for.
 */
const FIRST_ROUND_MS = 30_000;
/** Beyond what was asked: a delay of its own on top. */
const HINT_PATIENCE_MS = 30_000;
/** Connections this near to each other are one attempt, whatever the check makes of them. */
const BURST_MS = 250;

/** Each way of being turned away on copies of the client that nothing else happens to, side by side. */
export default defineScenario({
  id: 'turned-away',
  about:
    'let in and dropped at once; refused with 401, 403, and 429 and 503 with Retry-After (gRPC: by the statuses of these, and pushback); sent away with 1001 and 1013, by GOAWAY, or by the end of the stream and retry, and with 204: copies of the client side by side',
  role: 'client',
  lane: 'quiet',
  timingMs: 78_000,
  faults: ['reset', 'flapping', 'http-refusal', 'call-refusal', 'goodbye', 'stop'],
  windowMs: 78_000,
  async run(context) {
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const retryAfterS = Math.max(1, Math.round(context.ms(RETRY_AFTER_S * 1000) / 1000));
    let told = context.target.client?.listen !== undefined;
    let rounds = 1;
    const inTurn = () => {
      const sinceMs = nowMs();
      const isPatient = () => nowMs() - sinceMs < rounds * FIRST_ROUND_MS;
      return context.watch(FIRST_GOODBYES.length * FIRST_ROUND_MS, () => told || !isPatient());
    };
    const refusals = [
      () => refuseWith(context, upstream, { status: 401, retryAfterS: null, inTurn }),
      () => refuseWith(context, upstream, { status: 403, retryAfterS: null, inTurn }),
      () => refuseWith(context, upstream, { status: 429, retryAfterS, inTurn }),
      () => refuseWith(context, upstream, { status: 503, retryAfterS, inTurn }),
      // There it says that there is no more to come [WHATWG HTML 9.2.1].
      ...(context.target.protocol === 'sse'
        ? [() => refuseWith(context, upstream, { status: 204, retryAfterS: null, inTurn })]
        : []),
    ];
    // A client with a port of its own leaves no room for a second one: one after another, and nothing that compares copies.
    if (told) for (const one of refusals) await one();
    else
      await Promise.all([
        sayGoodbyes(context, {
          onRepeat: () => {
            rounds += 1;
          },
          onCompared: () => {
            told = true;
          },
        }),
        flap(context, upstream, inTurn),
        ...refusals.map((one) => one()),
      ]);
  },
});

async function flap(context: ScenarioContext, upstream: Address, inTurn: () => Promise<unknown>): Promise<void> {
  const flapper = await context.startReference();
  const gates: Gate[] = [];
  for (let i = 1; i <= context.options.copies; i++)
    gates.push(await context.openGate({ name: `${FLAP_GATE}${i}`, to: upstream }));
  const clients = await startHolding(context, gates);
  if (!clients) return;
  await inTurn();
  const injection = await context.inject(flapping, { gates, flapper, home: upstream }, {});
  const before = gates.map(({ accepted }) => accepted);
  context.phase('fault', FLAPPING);
  await context.inject(reset, gates, {});
  await context.watch(context.ms(FLAPPING_MS), () =>
    gates.every(({ accepted }, i) => accepted - (before[i] ?? 0) >= FLAPS || clients[i]?.process.exit !== undefined),
  );
  context.phase('recovery', FLAPPING);
  await injection.heal();
}

async function refuseWith(
  context: ScenarioContext,
  upstream: Address,
  { status, retryAfterS, inTurn }: { status: number; retryAfterS: number | null; inTurn: () => Promise<unknown> },
): Promise<void> {
  const name = `${REFUSED_GATE}${status}`;
  const overGrpc = context.target.protocol === 'grpc';
  const calls = new GateCalls();
  await using gate = await context.openGate({ name, to: upstream, onEvent: calls.take });
  const clients = await startHolding(context, [gate]);
  await using client = clients?.[0];
  if (!client) return;
  await inTurn();
  const params = { gate: name, status, retryAfterS };
  const injection = overGrpc
    ? await context.inject(callRefusal, { gate, home: upstream }, params)
    : await context.inject(httpRefusal, gate, params);
  context.phase('fault', name);
  const held = new Set(heldAt(calls.all, nowMs()).map(({ rpc }) => rpc));
  // A channel keeps its connection, and calls again on it.
  const attempted = () => (overGrpc ? calls.all.filter(({ rpc }) => held.has(rpc)).length : gate.accepted);
  const starts: number[] = [];
  // Before the reset: whoever comes back at once may be there before that is done.
  let seen = attempted();
  const look = () => {
    if (attempted() > seen && nowMs() - (starts.at(-1) ?? 0) > BURST_MS) starts.push(nowMs());
    seen = attempted();
    return starts.length;
  };
  await context.inject(reset, [gate], {});
  const gone = () => client.process.exit !== undefined;
  if ((await context.watch(context.ms(FIRST_MS), () => look() > 0 || gone())) && !gone()) {
    const asked = retryAfterS === null ? 0 : 1000 * retryAfterS + context.ms(HINT_PATIENCE_MS);
    // All of the time where attempts are counted; until the next two where they are timed.
    if (retryAfterS === null) await context.watch(context.ms(SLACK * FORBIDDEN_MS), gone);
    else await context.watch(asked, () => look() > 2 || gone());
  }
  context.phase('recovery', name);
  context.measure('turned away', { gate: name, status, retryAfterS, exited: gone() });
  await injection.heal();
}
