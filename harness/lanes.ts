import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { delay } from './clock.js';
import type { EventBody } from './contract.js';
import { HarnessError, messageOf } from './errors.js';
import { streamReason } from './finite-streams.js';
import { takesMeasure } from './lost.js';
import type { Plan, PlannedScenario } from './plan.js';
import type { Progress } from './run.js';
import type { Workload } from './scenario.js';
import { redact } from './secrets.js';
import { SELF_CHECK } from './self-check-verdicts.js';
import { canMakeNamespace } from './target/namespace.js';
import type { EngineLease } from './toxiproxy/engine.js';
import { runWorker } from './worker-handle.js';
import { UNKNOWN_WORKLOAD } from './worker-protocol.js';

/** How long a scenario may take to have its programs running before the next one is started all the same. */
const STARTS_MS = 2000;
const MUST_BE_FIRST = 1e9;

export interface LaneSettings {
  readonly leaseEngine: () => Promise<EngineLease>;
  readonly observerKey: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  readonly log: Logger;
  readonly append: (scenario: string, atMs: number, event: EventBody) => void;
}

/**
 * The two lanes of DESIGN section 5. Quiet scenarios all at once, busy ones one after another beside them, but never
 * beside one that compares delays:
 *
 *   preflight | quiet, timing   .......... recovery ...|
 *             | quiet           ........................|
 *             |                            busy  busy  busy |
 */
export async function runLanes(plan: Plan, settings: LaneSettings): Promise<void> {
  if (plan.scenarios.length === 0) return;
  const stop = new AbortController();
  const waiting = new Map<string, () => void>();
  /** Settled when all delays of a scenario have been seen: at its phase `recovery` without a label. */
  const recovered = new Map(plan.scenarios.map(({ scenario }) => [scenario.id, settleable()] as const));
  const signal = AbortSignal.any([stop.signal, settings.signal]);
  // Each scenario listens, and there are more than the ten after which Node warns.
  setMaxListeners(0, signal);
  const workload = await settle(runOne('preflight', 'preflight', 0, UNKNOWN_WORKLOAD));
  const judged = plan.planned.filter(({ check, skip }) => skip === undefined && !streamReason(check, workload));
  const read = new Set(judged.map(({ check }) => check.scenario));
  const isNeeded = (id: string) => read.has(id) || plan.target.replay !== undefined;
  const needed = plan.scenarios.filter(({ scenario }) => isNeeded(scenario.recordsAs ?? scenario.id));
  const quiet = needed.filter(({ scenario }) => scenario.lane === 'quiet');
  const busy = needed.filter(({ scenario }) => scenario.lane === 'busy');
  const start = (planned: PlannedScenario) => {
    const { id, recordsAs } = planned.scenario;
    return runOne(id, recordsAs ?? id, planned.windowMs, workload, planned.scenario.namespace);
  };
  await using _selfCheck = besideAll(plan, settings);
  const isolated = fixedPort(plan) && canMakeNamespace().ok;
  // One running server, or one fixed port: scenarios would disturb each other.
  if (plan.target.server?.url !== undefined) {
    await settle(Promise.all((await oneByOne(quiet)).map(({ done }) => done)));
    await inTurn(busy, start);
  } else if ((fixedPort(plan) && !isolated) || plan.target.server?.serialCopies) {
    settings.onProgress({ kind: 'note', text: 'copies run one after another: they share a port' });
    await inTurn([...quiet, ...busy], start);
  } else {
    const started = await oneByOne(quiet);
    const timed = Promise.all(
      started
        .filter(({ planned }) => planned.scenario.timingMs !== undefined)
        .map(({ planned, done }) => Promise.race([recovered.get(planned.scenario.id)?.promise, done])),
    );
    await settle(Promise.all([...started.map(({ done }) => done), timed.then(() => inTurn(busy, start))]));
  }

  /**
   * The longest first, each once the one before it has its programs running: twenty that start in one instant would starve
   * each other's baselines.
   */
  async function oneByOne(list: readonly PlannedScenario[]) {
    const started: { readonly planned: PlannedScenario; readonly done: Promise<Workload> }[] = [];
    const first = ({ scenario, windowMs }: PlannedScenario) =>
      windowMs + (scenario.timingMs === undefined ? 0 : MUST_BE_FIRST);
    for (const planned of list.toSorted((a, b) => first(b) - first(a))) {
      const done = settle(start(planned));
      // Its failure is told by whoever waits for it.
      done.catch(() => undefined);
      started.push({ planned, done });
      const ignored = () => undefined;
      await Promise.race([underWay(planned.scenario.id), done.catch(ignored), delay(STARTS_MS, signal).catch(ignored)]);
    }
    return started;
  }

  /** Resolves at the scenario's first phase. */
  function underWay(id: string): Promise<void> {
    return new Promise((resolve) => waiting.set(id, resolve));
  }

  async function inTurn(list: readonly PlannedScenario[], one: (planned: PlannedScenario) => Promise<unknown>) {
    for (const planned of list) await settle(one(planned));
  }

  /** The first failure that makes the run impossible stops the rest before it is thrown. */
  async function settle<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  }

  async function runOne(
    id: string,
    recordsAs: string,
    windowMs: number,
    known: Workload,
    namespace?: 'network' | 'mounts',
  ): Promise<Workload> {
    if (signal.aborted) return known;
    settings.onProgress({ kind: 'scenario', id, state: 'started', windowMs });
    let learned = known;
    const inNamespace = namespace ?? (fixedPort(plan) && canMakeNamespace().ok ? 'network' : undefined);
    await using engine = await settings.leaseEngine();
    const failure = await runWorker({
      job: {
        scenario: id,
        recordsAs,
        target: plan.target,
        options: plan.options,
        workload: known,
        observerKey: settings.observerKey,
        engineUrl: engine.url,
        engineRoute: engine.route,
      },
      inNamespace,
      signal,
      onEvents: (events) => {
        for (const [atMs, event] of events) {
          settings.append(recordsAs, atMs, event);
          // Of all scenarios only this one has no verdict to say it.
          if (id === 'preflight' && event.type === 'obstacle')
            settings.onProgress({ kind: 'note', text: redact(event.text) });
          if (event.type === 'phase') {
            waiting.get(id)?.();
            if (event.phase === 'recovery' && event.label === undefined) recovered.get(id)?.resolve();
            const phase = event.phase === 'done' ? event.phase : (event.label ?? event.phase);
            settings.onProgress({ kind: 'phase', scenario: id, phase });
          }
        }
      },
      onWorkload: (workload) => {
        learned = workload;
      },
    });
    settings.onProgress({ kind: 'scenario', id, state: 'finished', windowMs });
    if (failure === undefined || signal.aborted) return learned;
    settings.log.warn({ scenario: id, code: failure.code, reason: failure.message }, 'scenario failed');
    if (id === 'preflight') throw new HarnessError(failure.code, failure.message);
    // In a namespace it had a server of its own.
    const wedged = failure.code === 'TOXIPROXY_TIMEOUT' && !inNamespace && (await engine.reportWedged());
    const more = wedged ? '; that private server is replaced for the scenarios to come' : '';
    settings.append(recordsAs, failure.atMs, {
      type: 'obstacle',
      code: takesMeasure(failure.code) ? failure.code : namespace ? 'NAMESPACE_FAILED' : 'SCENARIO_BROKEN',
      text: `the scenario ${id} could not be finished: ${failure.message.split('\n')[0]}${more}`,
    });
    return learned;
  }
}

/** The self-check runs beside the scenarios, and is over with them: it makes no run longer, and none fail. */
function besideAll(plan: Plan, { leaseEngine, signal, observerKey, append, log }: LaneSettings): AsyncDisposable {
  const over = new AbortController();
  const work = async () => {
    await using engine = await leaseEngine();
    const failure = await runWorker({
      job: {
        scenario: SELF_CHECK,
        recordsAs: SELF_CHECK,
        target: plan.target,
        options: plan.options,
        workload: UNKNOWN_WORKLOAD,
        observerKey,
        engineUrl: engine.url,
        engineRoute: engine.route,
      },
      inNamespace: undefined,
      signal: AbortSignal.any([over.signal, signal]),
      onEvents: (events) => {
        for (const [atMs, event] of events) append(SELF_CHECK, atMs, event);
      },
      onWorkload: () => undefined,
    });
    if (failure) log.warn({ scenario: SELF_CHECK, code: failure.code, reason: failure.message }, 'self-check failed');
  };
  const done = work().catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'self-check failed'));
  return {
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await done;
    },
  };
}

function fixedPort(plan: Plan): boolean {
  return plan.target.server?.port !== undefined || plan.target.client?.listen !== undefined;
}

function settleable(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
