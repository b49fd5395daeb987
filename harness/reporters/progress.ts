import { every, nowMs } from '../clock.js';
import type { Plan } from '../plan.js';
import type { Progress } from '../run.js';
import { clipped, duration } from './layout.js';
import { printable } from './printable.js';

export interface ProgressDisplay extends Disposable {
  show(progress: Progress): void;
}

export interface ProgressOutput {
  write(text: string): unknown;
  readonly columns: number;
  /** Redraw one line a scenario; else plain lines. */
  readonly live: boolean;
}

/** In CI a log that says nothing for long is taken for dead. */
const PLAIN_EVERY_MS = 30_000;
const REDRAW_EVERY_MS = 250;

/** What runs, and how long still. */
export function createProgress(plan: Plan, output: ProgressOutput): ProgressDisplay {
  const startedMs = nowMs();
  const running = new Map<string, { windowMs: number; sinceMs: number; phase: string }>();
  const pending = new Set(plan.scenarios.map(({ scenario }) => scenario.id));
  const windows = new Map(plan.scenarios.map(({ scenario, windowMs }) => [scenario.id, windowMs]));
  let drawn = 0;

  const leftOf = (id: string) => {
    const one = running.get(id);
    return one ? Math.max(0, one.windowMs - (nowMs() - one.sinceMs)) : (windows.get(id) ?? 0);
  };
  /** As the lanes run: quiet scenarios side by side, busy ones in turn, and those not beside one that compares delays. */
  const left = () => {
    const planned = plan.scenarios.filter(({ scenario }) => pending.has(scenario.id));
    const of = (wanted: (scenario: Plan['scenarios'][number]['scenario']) => boolean) =>
      planned.filter(({ scenario }) => wanted(scenario)).map(({ scenario }) => leftOf(scenario.id));
    const sum = (list: readonly number[]) => list.reduce((total, ms) => total + ms, 0);
    const quiet = Math.max(0, ...of(({ lane }) => lane === 'quiet'));
    const busy = sum(of(({ lane }) => lane === 'busy'));
    const timed = planned.map(({ scenario, windowMs }) =>
      scenario.timingMs === undefined ? 0 : leftOf(scenario.id) - windowMs + scenario.timingMs * plan.options.scale,
    );
    const { server } = plan.target;
    if (server?.serialCopies) return sum(of(() => true));
    if (server?.url !== undefined) return quiet + busy;
    return Math.max(quiet, busy + Math.max(0, ...timed));
  };
  const header = () => {
    const done = windows.size - pending.size;
    const still = pending.size === 0 ? 'finishing' : `about ${duration(left())} left`;
    return `${done} of ${windows.size} scenarios done, ${duration(nowMs() - startedMs)} gone, ${still}`;
  };

  const erase = () => {
    if (drawn > 0) output.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  };
  const draw = () => {
    erase();
    const width = Math.max(...[...running.keys()].map((id) => id.length), 0);
    const lines = [
      header(),
      ...[...running].map(([id, { phase }]) => `  ${id.padEnd(width)}  ${phase.padEnd(10)} ${stillTo(leftOf(id))}`),
    ].map((line) => clipped(line, output.columns - 1));
    output.write(`${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  const say = (text: string) => {
    erase();
    output.write(`${printable(text)}\n`);
    if (output.live) draw();
  };
  const ticker = output.live
    ? every(REDRAW_EVERY_MS, draw)
    : every(PLAIN_EVERY_MS, () => say(`${header()}; running: ${[...running.keys()].join(', ') || 'nothing'}`));

  return {
    show(progress) {
      switch (progress.kind) {
        case 'engine':
          return say(`engine ${progress.engine.kind} ${progress.engine.version}`);
        case 'note':
          return say(progress.text);
        case 'phase': {
          const one = running.get(progress.scenario);
          if (one) one.phase = progress.phase;
          return;
        }
        case 'scenario':
          if (progress.state === 'started') {
            running.set(progress.id, { windowMs: progress.windowMs, sinceMs: nowMs(), phase: 'starting' });
          } else {
            running.delete(progress.id);
            pending.delete(progress.id);
          }
          if (!output.live) say(plainLine(progress, header()));
      }
    },
    [Symbol.dispose]() {
      ticker[Symbol.dispose]();
      erase();
    },
  };
}

function plainLine(progress: Extract<Progress, { kind: 'scenario' }>, header: string): string {
  if (progress.state === 'finished') return `finished ${progress.id}: ${header}`;
  return progress.windowMs > 0
    ? `started ${progress.id} (about ${duration(progress.windowMs)})`
    : `started ${progress.id}`;
}

function stillTo(leftMs: number): string {
  return leftMs > 0 ? `${duration(leftMs)} left` : 'finishing';
}
