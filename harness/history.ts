import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { EventBody, EventOf, HistoryEvent, HistoryView, Phase } from './contract.js';
import { HarnessError, messageOf } from './errors.js';
import { printableJson } from './json.js';
import { holdsSecret, withoutSecrets } from './secrets.js';
import { SESSION } from './session/names.js';
import { RecentPast } from './session/recent-past.js';

/** The append-only history on disk: written as it happens, before anything is judged. */
export interface HistoryWriter {
  readonly path: string;
  /** `t` in milliseconds since the run began. */
  append(scenario: string, t: number, body: EventBody): void;
  /** Aborted when the disk takes no more: what comes afterwards is lost, and the run has to end. */
  readonly failed: AbortSignal;
  close(): Promise<void>;
}

/** Events whose texts are hashes and words of ours. */
const IN_MASSES: ReadonlySet<EventBody['type']> = new Set([
  ...(['message', 'connection', 'frame', 'samples', 'memory', 'loop', 'phase'] as const),
]);

export async function createHistoryWriter(path: string): Promise<HistoryWriter> {
  const stream: WriteStream = createWriteStream(path, { flags: 'wx' });
  const failed = new AbortController();
  const unwritable = (cause: Error) =>
    new HarnessError('HISTORY_UNWRITABLE', `cannot write ${path}: ${cause.message}`, { cause });
  stream.on('error', (error) => failed.abort(unwritable(error)));
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve());
    stream.once('error', (cause) => reject(unwritable(cause)));
  });
  let seq = 0;
  let pending: HistoryEvent[] = [];
  // What passes a gate is passed on first: everything of one turn of the loop is written at its end, at once.
  const write = () => {
    const events = pending;
    pending = [];
    if (events.length > 0) stream.write(events.map(lineOf).join(''));
  };
  return {
    path,
    failed: failed.signal,
    append(scenario, t, body) {
      if (failed.signal.aborted) return;
      seq += 1;
      if (pending.push({ seq, t: Math.round(t * 1000) / 1000, scenario, ...body }) === 1) setImmediate(write);
    },
    close: () =>
      new Promise((resolve, reject) => {
        write();
        if (failed.signal.aborted) return reject(failed.signal.reason);
        failed.signal.addEventListener('abort', () => reject(failed.signal.reason));
        stream.end(() => resolve());
      }),
  };
}

function lineOf(event: HistoryEvent): string {
  const line = printableJson(event);
  return `${IN_MASSES.has(event.type) && !holdsSecret(line) ? line : printableJson(withoutSecrets(event))}\n`;
}

/** Events in order of their time, by scenario. */
export type Histories = ReadonlyMap<string, readonly HistoryEvent[]>;

/** Every event of a saved history, by scenario; of a session those that it is judged by. A last line cut off by a crash is left out; `wrong` tells what no event of ours has. */
export async function readHistory(path: string, wrong?: (event: unknown) => string | undefined): Promise<Histories> {
  const scenarios = new Map<string, HistoryEvent[]>();
  const session = new RecentPast();
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
  let broken: string | undefined;
  let at = 0;
  try {
    for await (const line of lines) {
      at += 1;
      if (line === '') continue;
      if (broken !== undefined) throw new HarnessError('HISTORY_BROKEN', `${path} has a broken line: ${broken}`);
      let event: HistoryEvent;
      try {
        event = JSON.parse(line) as HistoryEvent;
      } catch {
        broken = line.slice(0, 80);
        continue;
      }
      const what = wrong?.(event);
      if (what !== undefined)
        throw new HarnessError('HISTORY_BROKEN', `${path} is not as it was saved: in its line ${at}, ${what}`);
      const list = scenarios.get(event.scenario);
      if (event.scenario === SESSION) session.take(event);
      else if (list) list.push(event);
      else scenarios.set(event.scenario, [event]);
    }
  } catch (cause) {
    if (cause instanceof HarnessError) throw cause;
    throw new HarnessError('HISTORY_UNREADABLE', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  if (session.last) scenarios.set(SESSION, [...session.events]);
  // Events of one scenario may come from two workers; times, not arrival, give their order.
  for (const list of scenarios.values()) list.sort((a, b) => a.t - b.t || a.seq - b.seq);
  return scenarios;
}

/** The same as one list, scenario by scenario. */
export function eventsOf(histories: Histories): readonly HistoryEvent[] {
  return [...histories.values()].flat();
}

export function viewOf(events: readonly HistoryEvent[]): HistoryView {
  const byType = new Map<string, HistoryEvent[]>();
  for (const event of events) {
    const list = byType.get(event.type);
    if (list) list.push(event);
    else byType.set(event.type, [event]);
  }
  const of = <T extends EventBody['type']>(type: T) => (byType.get(type) ?? []) as EventOf<T>[];
  return {
    events,
    of,
    bites: (fault) => of('fault').filter((event) => event.fault === fault && event.what === 'bite'),
    measures: (name) => of('measure').filter((event) => event.name === name),
    samples: (name) =>
      of('samples')
        .filter((event) => event.name === name)
        .flatMap((event) => event.values),
    phaseAt: (phase: Phase, label?: string) =>
      of('phase').find((event) => event.phase === phase && (label === undefined || event.label === label))?.t,
  };
}
