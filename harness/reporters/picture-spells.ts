import type { EventOf, HistoryView } from '../contract.js';
import { WHO } from './event-words.js';
import { duration, sizeOf } from './layout.js';
import type { LaneRequest } from './picture-lanes.js';

/** From a beginning to its end. */
export interface Spell {
  readonly lane: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** `mute`: it was given no answer at all. `refused`: it was, and by its status a refusal. `other`: something else than a session. */
  readonly state: 'open' | 'refused' | 'mute' | 'other';
  readonly by: 'client' | 'server' | 'gate' | '';
  readonly how: 'FIN' | 'RST' | 'none' | '';
  readonly words: string;
  readonly seqs: readonly number[];
}

interface Answer {
  opened: boolean;
  status: number | undefined;
  readonly seqs: number[];
}

/** Every connection that a gate saw. */
export function spellsOf(history: HistoryView, { at, spanMs }: LaneRequest): Spell[] {
  const answers = answersOf(history);
  const decoded = new Set(history.of('handshake').map(({ gate }) => gate));
  const ends = new Map<string, Extract<EventOf<'connection'>, { what: 'end' }>>();
  for (const event of history.of('connection')) if (event.what === 'end') ends.set(keyOf(event), event);
  return history
    .of('connection')
    .filter(({ what }) => what === 'start')
    .map((start) => {
      const end = ends.get(keyOf(start));
      const answer = answers.get(keyOf(start));
      const answered = (end?.downBytes ?? 0) > 0;
      const [fromMs, toMs] = [at(start.t), end && end.how !== 'none' ? at(end.t) : spanMs];
      const state = decoded.has(start.gate) ? stateOf(answer, answered) : undecodedState(answered, toMs - fromMs);
      return {
        lane: start.gate,
        fromMs,
        toMs,
        state,
        by: end?.by ?? '',
        how: end?.how ?? '',
        words: connectionWords(start.conn, state, answer?.status, toMs - fromMs, end),
        seqs: [start.seq, ...(answer?.seqs ?? []), ...(end ? [end.seq] : [])],
      };
    });
}

function stateOf(answer: Answer | undefined, answered: boolean): Spell['state'] {
  if (answer?.opened) return 'open';
  if ((answer?.status ?? 0) >= 400) return 'refused';
  return answer?.status === undefined && !answered ? 'mute' : 'other';
}

/** A door that refuses does so after a second at most (CHECKLIST rule 3): what stayed longer was let in, though nothing was said. */
const LET_IN_MS = 2000;

function undecodedState(answered: boolean, forMs: number): Spell['state'] {
  return answered || forMs > LET_IN_MS ? 'open' : 'mute';
}

/** Whether a session began on a connection, by the first answer on it. */
function answersOf(history: HistoryView): Map<string, Answer> {
  const answers = new Map<string, Answer>();
  const answerOf = (event: EventOf<'handshake'> | EventOf<'message'>) => {
    const known = answers.get(keyOf(event));
    if (known) return known;
    const made: Answer = { opened: false, status: undefined, seqs: [] };
    answers.set(keyOf(event), made);
    return made;
  };
  for (const event of history.of('handshake')) {
    const answer = answerOf(event);
    answer.seqs.push(event.seq);
    if (event.dir === 'up') continue;
    answer.status ??= event.status;
    answer.opened ||= event.status === 101 || event.opens === true;
  }
  for (const event of history.of('message')) {
    if (event.dir === 'down' && (event.opcode === 'text' || event.opcode === 'binary')) answerOf(event).opened = true;
  }
  return answers;
}

function keyOf({ gate, conn }: { readonly gate: string; readonly conn: number }): string {
  return `${conn} ${gate}`;
}

const STATES: Readonly<Record<Spell['state'], string>> = {
  open: 'a session',
  refused: 'refused',
  mute: 'never answered',
  other: 'answered, but no session',
};

function connectionWords(
  conn: number,
  state: Spell['state'],
  status: number | undefined,
  forMs: number,
  end: Extract<EventOf<'connection'>, { what: 'end' }> | undefined,
): string {
  const code = state === 'refused' && status !== undefined ? ` with ${status}` : '';
  const bytes = end ? `; ${sizeOf(end.upBytes)} up, ${sizeOf(end.downBytes)} down` : '';
  const ended = !end || end.how === 'none' ? 'still open' : `ended by ${WHO[end.by]} (${end.how})`;
  return `connection ${conn}: ${STATES[state]}${code}, ${ended} after ${duration(forMs)}${bytes}`;
}

/** Sessions of our own driver, those of one family (`knock-1`, `knock-2`) in one lane. */
export function sessionSpellsOf(history: HistoryView, { at, spanMs }: LaneRequest): Spell[] {
  const spells: (Spell & { toMs: number; seqs: number[] })[] = [];
  const open = new Map<string, (typeof spells)[number][]>();
  for (const event of history.of('session')) {
    const atMs = at(event.t);
    if (event.what === 'end') {
      const spell = open.get(event.name)?.shift();
      if (!spell) continue;
      spell.toMs = atMs;
      spell.seqs.push(event.seq);
      continue;
    }
    const isOpen = event.what === 'open';
    const facts = [event.status === undefined ? '' : ` with ${event.status}`, event.reason ? `: ${event.reason}` : ''];
    const spell = {
      lane: event.name.replace(/[-\d]+$/, '') || event.name,
      fromMs: Math.max(0, atMs - Math.round(event.tookMs ?? 0)),
      toMs: isOpen ? spanMs : atMs,
      state: isOpen ? ('open' as const) : ('refused' as const),
      by: '' as const,
      how: '' as const,
      words: `session ${event.name}: ${event.what}${facts.join('')}`,
      seqs: [event.seq],
    };
    spells.push(spell);
    if (isOpen) open.set(event.name, [...(open.get(event.name) ?? []), spell]);
  }
  return spells.sort((a, b) => a.fromMs - b.fromMs);
}
