import { setMaxListeners } from 'node:events';
import { loadCatalog } from './catalog.js';
import { after, every, nowMs, watchBusy, watchLoop } from './clock.js';
import { createContext } from './context.js';
import type { EventBody } from './contract.js';
import { HarnessError, messageOf } from './errors.js';
import { ScenarioLimit } from './event-limit.js';
import { preflight } from './preflight.js';
import { watchOwnLimits } from './probes/own-limits.js';
import { selfCheck } from './self-check.js';
import { SELF_CHECK } from './self-check-verdicts.js';
import type { FromWorker, Job, ToWorker } from './worker-protocol.js';

/**
 * One scenario in a process of its own, so that a flood in one cannot disturb the clock of another, and so that it can
 * live in a network namespace. Events go to the parent in small batches; the parent writes the history.
 */
const FLUSH_MS = 50;
const FLUSH_EVENTS = 256;
const ORPHAN_MS = 20_000;

const abort = new AbortController();
// Each wait listens, and a scenario may wait for more than the ten things after which Node warns.
setMaxListeners(0, abort.signal);
let pending: (readonly [number, EventBody])[] = [];

function tell(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || !process.send) return resolve();
    process.send(message, undefined, undefined, () => resolve());
  });
}

function flush(): Promise<void> {
  if (pending.length === 0) return Promise.resolve();
  const events = pending;
  pending = [];
  return tell({ kind: 'events', events });
}

const limit = new ScenarioLimit();

function emit(event: EventBody, atMs: number): void {
  for (const kept of limit.take(event)) pending.push([atMs, kept]);
  if (pending.length >= FLUSH_EVENTS) void flush();
}

async function work(job: Job): Promise<void> {
  const loop = watchLoop();
  const busy = watchBusy();
  const flushing = every(FLUSH_MS, () => void flush());
  using limits = watchOwnLimits((code, text) => emit({ type: 'obstacle', code, text }, nowMs()));
  const watching = every(1000, () => {
    limits.look();
    const late = loop.read();
    emit({ type: 'loop', who: job.scenario, ...late }, nowMs());
    for (const event of limit.tick(late.maxMs, busy.read())) emit(event, nowMs());
  });
  const context = createContext({ ...job, signal: abort.signal, emit });
  let failure: unknown;
  try {
    if (job.scenario === 'preflight') {
      const workload = await preflight(context);
      context.measure('workload', { ...workload, services: '' });
      await tell({ kind: 'workload', workload });
    } else if (job.scenario === SELF_CHECK) {
      await selfCheck(context);
    } else {
      const scenario = loadCatalog().scenarios.find(({ id }) => id === job.scenario);
      if (!scenario) throw new HarnessError('NO_SCENARIO', `there is no scenario "${job.scenario}"`);
      await scenario.run(context);
    }
  } catch (error) {
    failure = error;
  }
  // A scenario that was interrupted has not come to its end. A companion's end is not that of the history which it adds to.
  if (!abort.signal.aborted) context.phase('done', job.scenario === job.recordsAs ? undefined : job.scenario);
  limits.look();
  await context[Symbol.asyncDispose]();
  emit({ type: 'loop', who: job.scenario, ...loop.read() }, nowMs());
  watching[Symbol.dispose]();
  flushing[Symbol.dispose]();
  await flush();
  if (failure === undefined || abort.signal.aborted) await tell({ kind: 'done' });
  else {
    const code = failure instanceof HarnessError ? failure.code : 'SCENARIO_BROKEN';
    const detail =
      failure instanceof HarnessError ? failure.message : ((failure as Error)?.stack ?? messageOf(failure));
    await tell({ kind: 'failed', code, message: detail });
  }
}

process.on('message', (message: ToWorker) => {
  if (message.kind === 'stop') abort.abort(new HarnessError('INTERRUPTED', 'the run was interrupted'));
  else {
    void work(message.job)
      .then(() => process.disconnect?.())
      .then(() => process.exit(0));
  }
});
// The parent is gone: heal and leave. What has not healed by then is left to the reaper.
process.on('disconnect', () => {
  abort.abort(new HarnessError('INTERRUPTED', 'the run was interrupted'));
  after(ORPHAN_MS, () => process.exit(1));
});
// Interrupts reach the whole process group; the parent decides.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('SIGHUP', () => {});
