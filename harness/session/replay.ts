import { loadCatalog } from '../catalog.js';
import { after, nowMs } from '../clock.js';
import type { Gate, HandScenario, HandStep, Target } from '../contract.js';
import { HarnessError, messageOf } from '../errors.js';
import type { ScenarioContext } from '../scenario.js';
import { handFaults } from './controls.js';
import { Hands } from './hands.js';
import { setStage } from './stage.js';

const ARRIVE_MS = 60_000;
/** Our own sessions, where the target has no client, come back like a client that waits a little. */
const RETURN_MS = 500;

/** Does again what was done by hand: the same acts, on the same places, at the same times after the clients are there. */
export async function replaySession(context: ScenarioContext, file: HandScenario): Promise<void> {
  const { target } = context;
  const stage = await setStage(context);
  const { gate } = stage;
  const hands = new Hands(stage, handFaults(loadCatalog(), target));
  context.defer({ [Symbol.asyncDispose]: async () => void (await hands.heal()) });
  if (target.client) await context.startClient({ name: 'client', gate });
  else for (let i = 1; i <= file.connections; i++) stayConnected(context, gate, i);
  const live = () => gate.live.filter(({ ended, served }) => served && !ended).length;
  await context.watch(ARRIVE_MS, () => live() >= wanted(target, file));
  if (live() < wanted(target, file)) {
    return context.obstacle('SCENARIO_BROKEN', `${live()} of ${wanted(target, file)} connections came within 60 s`);
  }
  context.phase('baseline');
  await play(context, hands, file);
}

/** A client process of ours makes the connections that it makes: one is enough to begin. */
function wanted(target: Target, { connections }: HandScenario): number {
  return target.client ? 1 : connections;
}

async function play(context: ScenarioContext, hands: Hands, { steps, lengthMs }: HandScenario): Promise<void> {
  const startMs = nowMs();
  let disturbed = false;
  for (const step of steps) {
    await context.watch(Math.max(0, startMs + context.ms(step.atMs) - nowMs()));
    if (!disturbed && step.do === 'inject') {
      disturbed = true;
      context.phase('fault');
    }
    try {
      await perform(hands, step);
    } catch (error) {
      if (context.signal.aborted) throw error;
      context.obstacle('ACT_FAILED', messageOf(error));
    }
  }
  await context.watch(Math.max(0, startMs + context.ms(lengthMs) - nowMs()));
}

async function perform(hands: Hands, step: HandStep): Promise<void> {
  if (step.do === 'heal') await hands.heal((act) => act === step.act);
  else {
    const { act, fault, params, on, left } = step;
    await hands.replay(act, left, { fault, params, scope: 'all', forMs: undefined, inMs: 0, times: 1, everyMs: 0 }, on);
  }
}

/** A session of our own driver that comes back whenever it ends. */
function stayConnected(context: ScenarioContext, gate: Gate, number: number): void {
  const open = async () => {
    const session = await context.openSession({ name: `client-${number}`, to: gate });
    if (!('refused' in session)) await session.ended(Number.POSITIVE_INFINITY);
    if (!context.signal.aborted) context.defer(after(RETURN_MS, () => void open().catch(() => undefined)));
  };
  open().catch((error: unknown) => {
    if (!(error instanceof HarnessError)) throw error;
  });
}
