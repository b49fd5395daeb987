import type { EventBodyAt, EventOf, Finding, HistoryView } from '../../harness/contract.js';
import { inconclusive } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

type Answer = EventOf<'measure'>;

/**
 * What a client made of an answer that never got its final marker: `noticed`; taken for `whole`; `mute`, no word of it and
 * no end; `unclear`, where what it said may have been a notice; `unknown`, where it has no way to say.
 */
export interface Noticing {
  readonly trial: string;
  readonly made: 'noticed' | 'whole' | 'mute' | 'unclear' | 'unknown';
  readonly how: string;
  readonly afterMs: number | null;
  readonly view: 'wire' | 'application';
  readonly because: Answer;
}

/** The whole answer of before all disturbance; or why nothing can be compared with it. */
export function wholeAnswer(history: HistoryView): Answer | Finding {
  const whole = history.measures('answer').find(({ facts }) => facts.trial === 'whole');
  if (!whole || whole.facts.asked === 0) return inconclusive('the client asked no question of our server');
  const { answered, exited, exit, errors } = whole.facts;
  const said = { because: [whole] };
  if (answered === 0) return inconclusive('the client left before a whole answer had ended', said);
  if (exited === true && exit !== 0)
    return inconclusive(`the client ended with ${exit} after a whole answer too: is its path that of its API?`, said);
  if (Number(errors) > 0) return inconclusive('the client reported an error at a whole answer too', said);
  return whole;
}

/** `stands`: the answer stands still, so that to leave its connection is to notice. */
export function noticingOf(trial: Answer, whole: Answer, limitMs: number, stands: boolean): Noticing {
  const { facts } = trial;
  const within = (value: unknown) => typeof value === 'number' && value <= limitMs;
  const at = (
    made: Noticing['made'],
    how: string,
    afterMs: unknown = null,
    view: Noticing['view'] = 'application',
  ) => ({
    trial: String(facts.trial),
    made,
    how,
    afterMs: typeof afterMs === 'number' ? afterMs : null,
    view,
    because: trial,
  });
  const oneShot = whole.facts.exited === true;
  const ended = facts.exited === true && within(facts.exitMs);
  if (within(facts.errorMs)) return at('noticed', 'reported an error', facts.errorMs);
  if (ended && facts.exit !== 0) return at('noticed', `ended with ${exitWords(facts.exit)}`, facts.exitMs);
  if (facts.said === 'warning') return at('noticed', 'said that something was wrong', ended ? facts.exitMs : null);
  if (whole.facts.asked === 1 && within(facts.againMs)) return at('noticed', 'asked again', facts.againMs, 'wire');
  if (ended && facts.said === 'otherwise') return at('unclear', 'said what it does not say of a whole answer');
  if (ended) return at('whole', 'ended with exit code 0, as after a whole answer', facts.exitMs);
  if (stands && within(facts.leftMs)) return at('noticed', 'left the connection', facts.leftMs, 'wire');
  if (stands || oneShot) return at('mute', `said nothing of it and waited on for ${inWords(limitMs)}`);
  const reports = Number(whole.facts.dones) > 0 ? 'dones' : 'messages';
  // One a token says nothing of the whole.
  if (whole.facts[reports] === 0 || (reports === 'messages' && whole.facts.messages !== whole.facts.answered))
    return at('unknown', 'neither ends after its answer nor reports');
  // Answers that came after the cut one, and are whole, are reported too.
  return Number(facts[reports]) > Number(facts.answered)
    ? at('whole', 'reported it as it does a whole answer')
    : at('unclear', 'reported neither an answer nor an error');
}

/** What it did, and at which trials. */
export function inShort(found: readonly Noticing[], words: Readonly<Record<string, string>>): string {
  const ways = [...new Set(found.map(({ how }) => how))];
  const trials = (way: string) => found.flatMap(({ how, trial }) => (how === way ? [words[trial]] : []));
  return ways.map((way) => `${way} when ${trials(way).join(', when ')}`).join('; ');
}

/** Which of these trials took place, and the evidence that the answer was cut or stood still. */
export function trialsOf(history: HistoryView, bites: Readonly<Record<string, string>>) {
  const answers = history.measures('answer');
  return Object.entries(bites).flatMap(([trial, fault]) => {
    const answer = answers.find(({ facts }) => facts.trial === trial);
    const bite = history.bites(fault).find(({ who }) => who === trial);
    return answer && bite ? [{ trial, answer, bite }] : [];
  });
}

function exitWords(exit: unknown): string {
  return typeof exit === 'number' ? `exit code ${exit}` : String(exit);
}

/** A client that ends with this code at each of these faults, a second after it. */
export function answerStory(bites: Readonly<Record<string, string>>, exit: number | null): EventBodyAt[] {
  const none = { errors: 0, errorMs: null, retries: 0, messages: 0, dones: 0, againMs: null, said: 'nothing' };
  const usual = {
    ...none,
    api: 'chat',
    asked: 1,
    answered: 1,
    tokens: 10,
    exited: true,
    exit: 0,
    exitMs: 1000,
    leftMs: 1000,
  };
  const gone = { ...usual, answered: 0, exit, exited: exit !== null };
  return [
    [0, { type: 'measure', name: 'answer', facts: { ...usual, trial: 'whole' } }],
    ...Object.entries(bites).flatMap(([trial, fault], i): EventBodyAt[] => [
      [i * 2000 + 5000, { type: 'fault', fault, what: 'bite', who: trial, facts: { tokens: 10 } }],
      [
        i * 2000 + 6000,
        {
          type: 'measure',
          name: 'answer',
          facts: { ...gone, trial, ...(exit === null ? { exitMs: null, leftMs: null } : {}) },
        },
      ],
    ]),
  ];
}
