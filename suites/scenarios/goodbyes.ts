import goodbye from '../../faults/goodbye.js';
import reset from '../../faults/reset.js';
import stop from '../../faults/stop.js';
import { IMMEDIATE_MS } from '../../harness/attempts.js';
import { nowMs } from '../../harness/clock.js';
import type { EventBody, Gate, GateConnection } from '../../harness/contract.js';
import { GateCalls, heldAt } from '../../harness/gate-calls.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import {
  FIRST_GOODBYES,
  GOODBYE_GATE,
  goodbyeLabel,
  isSpoiled,
  NOISE_FACTOR,
  returnsAfter,
  STOOD_STILL,
} from '../../harness/turned-away.js';
import { untilCalm } from './calm.js';
import { startControls } from './controls.js';
import { holding, startHolding } from './held-sessions.js';
import { watchReturns } from './returns.js';

/**
 * Going away, overloaded (CHECKLIST rule 21: told by its delay beside that after 1001), and going away once more: a client that
 * does not begin its backoff anew waits longer each time, whatever it is told.
 */
const CODES: Readonly<Record<string, readonly number[]>> = {
  websocket: [1001, 1013, 1001],
  // A stream of events is ended without a word, and then with `retry:`, which stays in force from then on.
  sse: [1001, 1013],
};
/** The longer of the usual drain windows, 30-60 s. */
const RETURN_MS = 60_000;
const HEALTH_MS = 10_000;
const MIN_COPIES = 3;

/** The first round is over. */
export interface FirstRound {
  /** Noise spoiled it: it is made once more. */
  onRepeat(): void;
  /** No more of it is to come. */
  onCompared(): void;
}

/** All copies are told to leave in one instant, by our reference server, or by the target's own that is stopped. */
export async function sayGoodbyes(context: ScenarioContext, first: FirstRound): Promise<void> {
  try {
    await sayInRounds(context, first);
  } finally {
    first.onCompared();
  }
}

async function sayInRounds(context: ScenarioContext, first: FirstRound): Promise<void> {
  const { target } = context;
  // A server that we did not start is not stopped, and of one with a fixed port no second copy can run.
  if (target.server?.url !== undefined || target.server?.port !== undefined || target.server?.serialCopies) return;
  let own = target.server ? await context.startServer({ name: 'leaving' }) : undefined;
  const reference = own ? undefined : await context.startReference();
  const upstream = own ?? reference;
  if (!upstream) return;
  const returns = watchReturns(context);
  const gates: Gate[] = [];
  const calls = new Map<Gate, GateCalls>();
  for (let i = 1; i <= context.options.copies; i++) {
    const own = new GateCalls();
    const onEvent = (event: EventBody, atMs: number) => {
      returns.onEvent(event, atMs);
      own.take(event, atMs);
    };
    const gate = await context.openGate({ name: `${GOODBYE_GATE}${i}`, to: upstream, onEvent });
    gates.push(gate);
    calls.set(gate, own);
  }
  const controls = await startControls(context, context.options.copies, returns);
  const clients = await startHolding(context, gates);
  if (!clients) return;
  /** False where too few copies were there to be told. */
  const round = async (label: string, code: number): Promise<boolean> => {
    // Newcomers reach a second copy of the server while the first one says its goodbye.
    const next = own && (await context.startServer({ name: label === goodbyeLabel(0) ? 'next' : `next-${label}` }));
    if (label !== goodbyeLabel(0)) await context.watch(context.ms(HEALTH_MS));
    await untilCalm(context);
    const held = () => holding(gates, context.ms(HEALTH_MS));
    await context.watch(context.ms(HEALTH_MS), () => held().length === gates.length);
    const present = held();
    if (present.length < Math.min(MIN_COPIES, gates.length)) return false;
    context.phase('fault', label);
    returns.onEvent({ type: 'phase', phase: 'fault', label });
    returns.loop.read();
    const toldMs = nowMs();
    await context.inject(reset, controls, {});
    if (next) for (const gate of gates) gate.setUpstream(next.host, next.port);
    if (reference) await context.inject(goodbye, reference, { code });
    else if (own) await context.inject(stop, own, { signal: target.server?.stopSignal ?? 'SIGTERM' });
    own = next;
    const isNew = ({ openedAtMs, downBytes, ended }: GateConnection) => openedAtMs > toldMs && downBytes > 0 && !ended;
    const back = (gate: Gate) => {
      const all = calls.get(gate)?.all ?? [];
      const held = heldAt(all, toldMs);
      // A channel has a new connection before the call is over that the server lets go on, and asks other questions on it.
      return held.length > 0
        ? all.some(({ rpc, startAtMs }) => startAtMs > toldMs && held.some((call) => call.rpc === rpc))
        : gate.live.some(isNew);
    };
    const gone = (gate: Gate) => clients[gates.indexOf(gate)]?.process.exit !== undefined;
    // The controls too, in peace: what they differ by is this machine's noise.
    const kept = () => controls.every(({ live }) => live.some(({ openedAtMs }) => openedAtMs > toldMs));
    await context.watch(context.ms(RETURN_MS), () => present.every((gate) => back(gate) || gone(gate)) && kept());
    context.phase('recovery', label);
    const stall = { label, maxMs: returns.loop.read().maxMs };
    context.measure(STOOD_STILL, stall);
    returns.onEvent({ type: 'phase', phase: 'recovery', label });
    returns.onEvent({ type: 'measure', name: STOOD_STILL, facts: stall });
    for (const gate of present) {
      const client = clients[gates.indexOf(gate)];
      const elsewhere = client && !back(gate) ? await context.elsewhere(client) : null;
      context.measure('told', { gate: gate.name, code, back: back(gate), exited: gone(gate), elsewhere });
    }
    return true;
  };
  const isMadeAgain = (label: string) =>
    returnsAfter(returns.history(), label).some((one) => one.meanMs > IMMEDIATE_MS && isSpoiled(one, NOISE_FACTOR));
  const codes = target.server ? [1001] : (CODES[target.protocol] ?? [1001]);
  for (const label of FIRST_GOODBYES) {
    if (!(await round(label, 1001))) return;
    if (!isMadeAgain(label)) break;
    first.onRepeat();
  }
  first.onCompared();
  for (const [index, code] of codes.entries()) if (index > 0 && !(await round(goodbyeLabel(index), code))) return;
}
