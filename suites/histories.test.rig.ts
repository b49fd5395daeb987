import fc from 'fast-check';
import type { Check, EventBody, Finding, HistoryEvent } from '../harness/contract.js';
import { viewOf } from '../harness/history.js';
import { judge } from '../harness/judge.js';
import { STORY_OPTIONS, STORY_TARGET, tell } from '../harness/story.js';

/** A check's own two examples: the seeds of the histories that it is asked about. */
export const SEEDS = ['pass', 'fail'] as const;
export type Seed = (typeof SEEDS)[number];

export function seedOf(check: Check, seed: Seed): HistoryEvent[] {
  return tell(check.examples[seed]);
}

export function found(check: Check, events: readonly HistoryEvent[]): Finding {
  const target = targetOf(check);
  const inOrder = events.toSorted((a, b) => a.t - b.t || a.seq - b.seq);
  return check.judge(viewOf(inOrder), { target, options: STORY_OPTIONS, expect: check.expect });
}

/** Stories of shared checks are told of WebSocket. */
function targetOf({ id, protocols }: Check) {
  const [protocol = ''] = id.split('/');
  return protocols ? STORY_TARGET : { ...STORY_TARGET, protocol };
}

/** What the engine makes of it. */
export function judged(check: Check, events: readonly HistoryEvent[]): string | undefined {
  const end = { type: 'phase', phase: 'done', seq: 1e6, t: 1e9, scenario: check.scenario } as const;
  const histories = new Map([[check.scenario, [...events, end]]]);
  return judge([{ check }], histories, targetOf(check), STORY_OPTIONS)[0]?.outcome;
}

/** What a reader gets: without the wording of times, which a shift must not change either. */
export function told({ outcome, actual, measured, because, reason }: Finding) {
  return { outcome, actual, measured, reason, because: because?.map(({ seq }) => seq) };
}

/** Of what sort an event is: all of one sort are told by one line of the scenario or of the gate. Copies of a client are one. */
export function kindOf(event: HistoryEvent): string {
  return namesOf(event)
    .map((name) => name.replace(/\d+/g, 'N'))
    .join(' ');
}

function namesOf(event: HistoryEvent): string[] {
  switch (event.type) {
    case 'fault':
      return [event.what, event.fault];
    case 'phase':
      return ['phase', event.phase, event.label ?? ''];
    case 'connection':
      return [event.gate, event.what];
    case 'handshake':
    case 'frame':
      return [event.gate, event.type, event.dir];
    case 'message':
      return [event.gate, event.dir, event.opcode];
    case 'trailers':
      return [event.gate, event.type];
    case 'session':
      return ['session', event.name, event.what];
    case 'process':
      return ['process', event.what];
    case 'report':
      return ['report', event.event];
    case 'measure':
    case 'samples':
      return [event.type, event.name];
    case 'obstacle':
      return ['obstacle', event.code];
    default:
      return [event.type];
  }
}

/** What a finding rests on: the faults' bites, and every event of a sort of which it points at one. */
export function evidenceOf(finding: Finding, events: readonly HistoryEvent[]): ReadonlySet<string> {
  const bites = events.filter(({ type, ...event }) => type === 'fault' && 'what' in event && event.what === 'bite');
  return new Set([...(finding.because ?? []), ...bites].map(kindOf));
}

export function without(events: readonly HistoryEvent[], kinds: ReadonlySet<string>): HistoryEvent[] {
  return events.filter((event) => !kinds.has(kindOf(event)));
}

const PASSER_BY = 'elsewhere';
const where = { gate: PASSER_BY, conn: 77 } as const;
const fields = fc.dictionary(fc.constantFrom('/id', '/seq', '/type', 'event', 'retry'), fc.nat(), { maxKeys: 2 });

/** Things that happen in a run and are about nobody that a check looks at: another gate, another process, another measure. */
export const irrelevant: fc.Arbitrary<EventBody> = fc.oneof(
  fc.constantFrom<EventBody>(
    { type: 'loop', who: PASSER_BY, p99Ms: 0, maxMs: 0 },
    { type: 'memory', process: PASSER_BY, rssBytes: 1 },
    { type: 'report', process: PASSER_BY, event: 'note' },
    { type: 'process', process: PASSER_BY, what: 'spawn', pid: 7 },
    { type: 'measure', name: PASSER_BY, facts: { n: 1 } },
    { type: 'samples', name: PASSER_BY, unit: 'ms', values: [1] },
    { type: 'session', name: PASSER_BY, what: 'open', status: 101 },
    { type: 'session', name: PASSER_BY, what: 'end', closeCode: 1001 },
    { type: 'connection', ...where, what: 'start' },
    { type: 'connection', ...where, what: 'end', by: 'server', how: 'RST', upBytes: 9, downBytes: 9 },
    { type: 'connection', ...where, what: 'end', by: 'client', how: 'FIN', upBytes: 9, downBytes: 9 },
    { type: 'fault', fault: PASSER_BY, what: 'bite', who: PASSER_BY, facts: {} },
    { type: 'trailers', ...where, stream: 1, grpcStatus: 14 },
  ),
  fc.record({
    type: fc.constant('message' as const),
    gate: fc.constant(PASSER_BY),
    conn: fc.constant(77),
    dir: fc.constantFrom('up' as const, 'down' as const),
    opcode: fc.constantFrom('text' as const, 'binary' as const, 'ping' as const, 'close' as const, 'comment' as const),
    bytes: fc.nat(1000),
    hash: fc.constantFrom('a', 'b'),
    form: fc.constantFrom('json' as const, 'opaque' as const),
    fields,
  }),
  fc.record({
    type: fc.constant('handshake' as const),
    gate: fc.constant(PASSER_BY),
    conn: fc.constant(77),
    dir: fc.constantFrom('up' as const, 'down' as const),
    status: fc.constantFrom(101, 200, 401, 503),
    stream: fc.constant(1),
    opens: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('frame' as const),
    gate: fc.constant(PASSER_BY),
    conn: fc.constant(77),
    dir: fc.constantFrom('up' as const, 'down' as const),
    frame: fc.constantFrom('GOAWAY' as const, 'RST_STREAM' as const, 'PING' as const),
    stream: fc.constantFrom(0, 1),
  }),
);

/** A part of a history: what a run that was cut, an observer that died or an older version may have left. */
export function partOf(events: readonly HistoryEvent[]): fc.Arbitrary<HistoryEvent[]> {
  const kinds = [...new Set(events.map(kindOf))];
  return fc
    .record({
      from: fc.nat(3),
      to: fc.oneof(fc.constant(events.length), fc.nat(events.length)),
      gone: fc.subarray(kinds, { maxLength: Math.min(2, kinds.length) }),
      fact: fc.nat(),
    })
    .map(({ from, to, gone, fact }) => {
      const left = without(events.slice(from, to), new Set(gone));
      const at = left.length === 0 ? -1 : fact % (2 * left.length);
      return left.map((event, index) => (index === at ? withoutAFact(event, fact) : event));
    });
}

function withoutAFact(event: HistoryEvent, nth: number): HistoryEvent {
  if (event.type !== 'measure' && event.type !== 'fault') return event;
  const names = Object.keys(event.facts);
  const { [names[nth % Math.max(1, names.length)] ?? '']: _, ...facts } = event.facts;
  return { ...event, facts };
}
