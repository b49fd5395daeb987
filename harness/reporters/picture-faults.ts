import type { EventOf, Fault, HistoryView } from '../contract.js';
import { eventWords } from './event-words.js';
import { groupedBy } from './grouped.js';

export type KnownFault = Pick<Fault<never, never>, 'id' | 'about' | 'momentary'>;

/** One fault, wherever in the scenario it acted. */
export interface FaultRow {
  readonly fault: string;
  readonly about: string;
  /** `lane` is absent where it concerned all of them. */
  readonly bands: readonly (readonly [fromMs: number, toMs: number, words: string, lane?: string])[];
  /** When it was seen to act. */
  readonly bites: readonly number[];
}

interface Request {
  readonly at: (t: number) => number;
  readonly spanMs: number;
  readonly known: readonly KnownFault[];
}

/** A storm of bites is drawn as one thick line anyway. */
const MAX_BITES = 200;
const MAX_BANDS = 60;

/** From each injection to its healing; of a fault that is done in an instant, to where it was last seen to act. */
export function faultRowsOf(history: HistoryView, { at, spanMs, known }: Request): FaultRow[] {
  const lanes = new Set(history.of('connection').map(({ gate }) => gate));
  const byFault = groupedBy(history.of('fault'), ({ fault }) => fault);
  return [...byFault].map(([fault, events]) => {
    const meta = known.find(({ id }) => id === fault);
    const bands = [...groupedBy(events, ({ who }) => who).values()].map((own) => {
      const inject = own.find(({ what }) => what === 'inject') ?? own[0];
      const bites = own.filter(({ what }) => what === 'bite');
      const heal = own.find(({ what }) => what === 'heal');
      const fromMs = at(inject?.t ?? 0);
      const last = bites.at(-1);
      const toMs = meta?.momentary ? at(last?.t ?? inject?.t ?? 0) : heal ? at(heal.t) : spanMs;
      const lane = inject && laneOf(inject, lanes);
      const words = inject ? eventWords(inject) : fault;
      return lane === undefined ? ([fromMs, toMs, words] as const) : ([fromMs, toMs, words, lane] as const);
    });
    return {
      fault,
      about: meta?.about ?? '',
      bands: bands.slice(0, MAX_BANDS),
      bites: events
        .filter(({ what }) => what === 'bite')
        .slice(0, MAX_BITES)
        .map(({ t }) => at(t)),
    };
  });
}

/** Which lane a fault concerned, where its facts or its name tell. */
function laneOf({ facts, who }: EventOf<'fault'>, lanes: ReadonlySet<string>): string | undefined {
  if (typeof facts.gate === 'string' && lanes.has(facts.gate)) return facts.gate;
  return lanes.has(who) ? who : undefined;
}
