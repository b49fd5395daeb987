import type { EventBodyAt, EventOf, HistoryView, Scalar } from '../../harness/contract.js';
import { canonical } from '../../harness/ledger.js';
import { CR_LINES, LARGE, WITHOUT_ID } from '../scenarios/exact-events.js';

interface Told {
  readonly name: string;
  readonly event: EventOf<'measure' | 'report'>;
}

/** What the application made of events in every form and of those that were cut. */
export interface WholeEvents {
  /** Plain events that were sent, and that it reported. */
  readonly plain: number;
  readonly reported: number;
  /** Reported before it was sent whole. */
  readonly half: readonly Told[];
  /** Joined to one that was cut. */
  readonly glued: readonly Told[];
  /** Reported more than once, and never. */
  readonly torn: readonly Told[];
  readonly lost: readonly Told[];
  /** Reports of what was never sent. */
  readonly strange: readonly EventOf<'report'>[];
  readonly cuts: number;
  readonly died: EventOf<'measure'> | undefined;
  /** Forms whose packets did not come one by one. */
  readonly blunt: readonly string[];
}

const PLAY = 'whole';
/** Of many packets one may meet another now and then. */
const APART = 0.9;

export function eventsOf(history: HistoryView): WholeEvents {
  const events = history.measures('event');
  const of = (what: string) => events.filter(({ facts }) => facts.what === what);
  const reports = history.of('report').filter(({ process, event }) => process === PLAY && event === 'message');
  const known = new Set(events.map(({ facts }) => facts.key));
  const keyed = reports.flatMap((event) => (isNamed(event) ? [{ key: canonical(event.id), event }] : []));
  const times = ({ facts }: EventOf<'measure'>) => keyed.filter(({ key }) => key === facts.key);
  const told = (event: EventOf<'measure'>) => ({ name: String(event.facts.name), event });
  const isPlain = (event: EventOf<'measure'>) => event.facts.name === 'plain';
  const forms = of('form');
  // A long line of a report is cut, and with it an id that stands behind the data; later events have none of their own.
  const until = of('behind')[0]?.t ?? Number.POSITIVE_INFINITY;
  const nameless = ({ t, facts }: EventOf<'measure'>) =>
    facts.name === LARGE && reports.some((event) => event.id === undefined && event.t >= t && event.t < until);
  const half = of('half').flatMap((cut) => {
    const whole = of('whole').find(({ facts }) => facts.key === cut.facts.key);
    const early = times(cut).find(({ event }) => event.t < (whole?.t ?? Number.POSITIVE_INFINITY));
    return early ? [{ name: String(cut.facts.name), event: early.event }] : [];
  });
  const plain = forms.filter(isPlain);
  // The id of the event says nothing of what is in it.
  const bySelf = events.some((event) => event.facts.name === WITHOUT_ID && times(event).length > 0);
  return {
    glued: bySelf
      ? of('behind')
          .filter((event) => times(event).length === 0)
          .map(told)
      : [],
    plain: plain.length,
    reported: plain.filter((event) => times(event).length > 0).length,
    half,
    // An event without an id may be told by that of the one before.
    torn: forms
      .filter(({ facts }) => facts.name !== CR_LINES)
      .filter((event) => times(event).filter(({ event: { t } }) => t < until).length > 1)
      .map(told),
    lost: forms.filter((event) => !isPlain(event) && times(event).length === 0 && !nameless(event)).map(told),
    strange: keyed.filter(({ key }) => !known.has(key)).map(({ event }) => event),
    cuts: of('cut').length,
    // Who ends behind a cut has given up, which is judged elsewhere.
    died: history
      .measures('played')
      .find(({ facts }) => facts.play === PLAY && facts.exited === true && of('half').length === 0),
    blunt: history
      .measures('sent')
      .filter(({ facts }) => Number(facts.pieces) > 1 && Number(facts.alone) < APART * Number(facts.pieces))
      .map(({ facts }) => String(facts.name)),
  };
}

/** An event may have no id, and then its client says an empty one, or that of the event before. */
function isNamed(event: EventOf<'report'>): event is EventOf<'report'> & { readonly id: Scalar } {
  const { id } = event;
  return id !== undefined && id !== null && !(typeof id === 'object' && id.length === 0);
}

/** Six plain events, one in another form, and one that is cut: delivered then or not. */
export function wholeStory(delivers: boolean): EventBodyAt[] {
  const event = (what: string, name: string, id: number) =>
    ({ type: 'measure', name: 'event', facts: { what, name, key: String(id) } }) as const;
  const report = (id: number) => ({ type: 'report', process: PLAY, event: 'message', id }) as const;
  const sent = (t: number, id: number, name: string): EventBodyAt[] => [
    [t, event('form', name, id)],
    [t + 1, report(id)],
  ];
  const cut = (t: number, id: number): EventBodyAt[] => [
    [t, event('half', 'before its blank line', id)],
    ...(delivers ? [[t + 1, report(id)] as const] : []),
    [t + 300, event('cut', 'before its blank line', id)],
    [t + 500, event('whole', 'before its blank line', id)],
    [t + 501, report(id)],
  ];
  return [
    ...[1, 2, 3, 4, 5, 6].flatMap((id) => sent(id * 100, id, 'plain')),
    ...sent(700, 7, 'CR and LF in two packets'),
    ...[8, 9, 10].flatMap((id) => cut(id * 1000, id)),
  ];
}
