import type { EventOf, HistoryEvent, Run, Verdict } from '../contract.js';
import { printableJson } from '../json.js';
import { MIB } from '../numbers.js';
import { printable } from './printable.js';
import type { Reporter } from './reporter.js';

/**
 * Trace Event Format, as Perfetto and chrome://tracing open it: each scenario is a process; connections, sessions, programs
 * and faults are spans of it that may overlap (nestable async events), with what happened in them as instants.
 */
interface TraceEvent {
  readonly ph: 'M' | 'X' | 'i' | 'b' | 'n' | 'e' | 'C';
  readonly name: string;
  readonly cat?: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds since the run began. */
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: string;
  /** Of an instant: how far its line is drawn. */
  readonly s?: 't' | 'p';
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Small events (messages, frames, reports) beyond this are left out, and their number is told: viewers hold no more with ease. */
const MOST_SMALL_EVENTS = 300_000;
const THREADS = { phases: 1, verdicts: 2, faults: 3, measures: 4 } as const;

export function renderTrace(run: Run, history: readonly HistoryEvent[]): string {
  const byScenario = new Map<string, HistoryEvent[]>();
  for (const event of history) {
    const list = byScenario.get(event.scenario);
    if (list) list.push(event);
    else byScenario.set(event.scenario, [event]);
  }
  const judged = judgedEvents(run);
  const budget: Budget = { left: MOST_SMALL_EVENTS, dropped: 0 };
  const lines = [...byScenario].flatMap(([scenario, events], index) =>
    scenarioEvents(scenario, index + 1, events, judged, budget),
  );
  const otherData = {
    producer: `holdfast ${run.version}`,
    target: printable(run.target.name),
    startedAt: run.startedAt,
    replay: printable(run.replay),
    grade: run.summary.grade,
    leftOut: budget.dropped,
  };
  // One event a line: such a file can be searched, and no string of all of them is built twice.
  const text = lines.map((event) => printableJson(event)).join(',\n');
  return `{"displayTimeUnit":"ms","otherData":${printableJson(otherData)},"traceEvents":[\n${text}\n]}\n`;
}

function judgedEvents({ verdicts }: Run): Map<number, Verdict[]> {
  const judged = new Map<number, Verdict[]>();
  for (const verdict of verdicts) {
    if (verdict.outcome !== 'fail' && verdict.outcome !== 'inconclusive') continue;
    for (const seq of verdict.because) judged.set(seq, [...(judged.get(seq) ?? []), verdict]);
  }
  return judged;
}

interface Budget {
  left: number;
  dropped: number;
}

function scenarioEvents(
  scenario: string,
  pid: number,
  events: readonly HistoryEvent[],
  judged: ReadonlyMap<number, readonly Verdict[]>,
  budget: Budget,
): TraceEvent[] {
  const endUs = micros(events.at(-1)?.t ?? 0);
  const tracks = new Tracks(pid, budget);
  for (const event of events) {
    const ts = micros(event.t);
    for (const { check, outcome, actual, reason } of judged.get(event.seq) ?? [])
      tracks.instant('verdicts', `${outcome} ${check}`, ts, { seq: event.seq, actual: reason ?? actual });
    draw(event, ts, tracks);
  }
  tracks.endAll(endUs);
  const naming = (name: string, tid: number, args: TraceEvent['args'] = {}): TraceEvent => ({
    ph: 'M',
    name,
    pid,
    tid,
    args,
  });
  return [
    naming('process_name', 0, { name: printable(scenario) }),
    naming('process_sort_index', 0, { sort_index: pid }),
    ...Object.entries(THREADS).map(([name, tid]) => naming('thread_name', tid, { name })),
    ...phaseSpans(events, pid, endUs),
    ...tracks.events,
  ];
}

type Args = Readonly<Record<string, unknown>>;

interface Span {
  readonly name: string;
  readonly cat: string;
  readonly id: string;
}

/** The spans and instants of one scenario. */
class Tracks {
  readonly events: TraceEvent[] = [];
  /** Several of one name may be open at once: those of a storm. */
  private readonly open = new Map<string, Span[]>();
  private begun = 0;

  constructor(
    private readonly pid: number,
    private readonly budget: Budget,
  ) {}

  begin(key: string, cat: string, name: string, ts: number, args: Args = {}): void {
    this.begun += 1;
    const span = { name: printable(name), cat, id: `${this.pid}.${this.begun}` };
    this.open.set(key, [...(this.open.get(key) ?? []), span]);
    this.events.push({ ph: 'b', ...span, pid: this.pid, tid: 0, ts, args: safe(args) });
  }

  end(key: string, ts: number, args: Args = {}): void {
    const span = this.open.get(key)?.shift();
    if (!span) return;
    this.events.push({ ph: 'e', ...span, pid: this.pid, tid: 0, ts, args: safe(args) });
  }

  endAll(ts: number): void {
    for (const [key, spans] of this.open) for (const _ of [...spans]) this.end(key, ts);
  }

  /** Something in an open span. */
  within(key: string, name: string, ts: number, args: Args = {}): void {
    const span = this.open.get(key)?.at(-1);
    if (!span) return;
    if (this.budget.left === 0) {
      this.budget.dropped += 1;
      return;
    }
    this.budget.left -= 1;
    this.events.push({ ph: 'n', ...span, name: printable(name), pid: this.pid, tid: 0, ts, args: safe(args) });
  }

  instant(thread: keyof typeof THREADS, name: string, ts: number, args: Args): void {
    const s = thread === 'verdicts' ? 'p' : 't';
    const tid = THREADS[thread];
    this.events.push({ ph: 'i', name: printable(name), cat: thread, pid: this.pid, tid, ts, s, args: safe(args) });
  }

  counter(name: string, ts: number, args: Readonly<Record<string, number>>): void {
    this.events.push({ ph: 'C', name: printable(name), pid: this.pid, tid: 0, ts, args });
  }
}

function draw(event: HistoryEvent, ts: number, tracks: Tracks): void {
  switch (event.type) {
    case 'connection': {
      const key = `${event.gate} ${event.conn}`;
      if (event.what === 'start')
        tracks.begin(key, 'connection', `connection at ${event.gate}`, ts, { conn: event.conn });
      else if (event.what === 'first-bytes') tracks.within(key, 'first bytes', ts);
      else tracks.end(key, ts, factsOf(event));
      break;
    }
    case 'message':
    case 'handshake':
    case 'frame':
    case 'trailers':
    case 'undecodable':
      tracks.within(`${event.gate} ${event.conn}`, wireName(event), ts, factsOf(event));
      break;
    case 'session': {
      const name = `session ${event.name}`;
      if (event.what === 'open') tracks.begin(name, 'session', name, ts, factsOf(event));
      else if (event.what === 'end') tracks.end(name, ts, factsOf(event));
      else tracks.instant('measures', `${name} ${event.what}`, ts, factsOf(event));
      break;
    }
    case 'process': {
      const key = `process ${event.process}`;
      if (event.what === 'spawn') tracks.begin(key, 'process', event.process, ts, factsOf(event));
      else if (event.what === 'exit') tracks.end(key, ts, factsOf(event));
      else tracks.within(key, event.what, ts, { ...factsOf(event), ...event.facts });
      break;
    }
    case 'report':
      tracks.within(`process ${event.process}`, `says ${event.event}`, ts);
      break;
    case 'fault':
      if (event.what === 'inject') tracks.begin(`fault ${event.who}`, 'fault', event.fault, ts, event.facts);
      else if (event.what === 'heal') tracks.end(`fault ${event.who}`, ts, event.facts);
      else tracks.instant('faults', `bite of ${event.fault}`, ts, event.facts);
      break;
    case 'memory':
      tracks.counter(`memory of ${event.process}`, ts, { MiB: event.rssBytes / MIB });
      break;
    case 'loop':
      tracks.counter(`loop delay of ${event.who}`, ts, { ms: event.maxMs });
      break;
    case 'measure':
      tracks.instant('measures', event.name, ts, event.facts);
      break;
    case 'samples':
      tracks.instant('measures', event.name, ts, { samples: event.values.length, unit: event.unit });
      break;
    case 'obstacle':
      tracks.instant('measures', `obstacle ${event.code}`, ts, { text: event.text });
      break;
    case 'phase':
      break;
  }
}

function phaseSpans(events: readonly HistoryEvent[], pid: number, endUs: number): TraceEvent[] {
  const phases = events.filter((event): event is EventOf<'phase'> => event.type === 'phase');
  return phases
    .filter(({ phase }) => phase !== 'done')
    .map((event) => {
      const next = phases[phases.indexOf(event) + 1];
      const ts = micros(event.t);
      const name = event.label === undefined ? event.phase : `${event.phase} ${printable(event.label)}`;
      const dur = Math.max(0, (next ? micros(next.t) : endUs) - ts);
      return { ph: 'X', name, cat: 'phases', pid, tid: THREADS.phases, ts, dur };
    });
}

type WireEvent = EventOf<'message' | 'handshake' | 'frame' | 'trailers' | 'undecodable'>;

function wireName(event: WireEvent): string {
  switch (event.type) {
    case 'message':
      return `${event.dir} ${event.opcode}`;
    case 'handshake':
      return event.status === undefined ? `${event.dir} handshake` : `${event.dir} handshake ${event.status}`;
    case 'frame':
      return `${event.dir} ${event.frame}`;
    case 'trailers':
      return `trailers ${event.grpcStatus ?? 'without status'}`;
    case 'undecodable':
      return `${event.dir} undecodable`;
  }
}

/** What a viewer can show beside the name: without keyed hashes and decoded fields, of which the history has more. */
function factsOf(event: HistoryEvent): Args {
  const shown = Object.entries(event).filter(([name, value]) => !NAMED.has(name) && typeof value !== 'object');
  return Object.fromEntries(shown);
}

const NAMED = new Set(['type', 't', 'scenario', 'gate', 'conn', 'dir', 'hash', 'what', 'name', 'process', 'opcode']);

function safe(facts: Args): Args {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? printable(value) : value]),
  );
}

function micros(t: number): number {
  return Math.round(t * 1000);
}

export const reporter: Reporter = { name: 'trace', file: 'trace.json', readsHistory: true, render: renderTrace };
