import { defineCheck } from '../../harness/define.js';
import { fail, follows, inconclusive, pass, skipped } from '../../harness/finding.js';
import { ID_CASES } from './id-cases.js';

/** “For other user agents, the appropriate steps to dispatch the event are implementation dependent” [9.2.6]. */
const BROWSERS_ONLY = 'alone';

const LONGER = 2;

export default defineCheck({
  id: 'sse/stale-last-event-id',
  level: 'MUST',
  antiPattern: 5,
  role: 'client',
  scenario: 'exact-streams',
  title: 'MUST present at a reconnection exactly the last event ID that it was given, and none that was not',
  why: 'The server goes on behind the id that comes back. One that is too old sends messages twice, one of an event that was never delivered leaves it out, and nobody notices.',
  fix: 'Take an id over when its event is complete, keep it where an event has none, send no header after an empty one, ignore one with a NUL, and write it into the header as UTF-8.',
  source: 'WHATWG HTML 9.2.3, 9.2.6: the last event ID buffer, the dispatch and the reconnection',
  measured: { right: 'cases', wrong: 'cases', unseen: 'cases' },
  expect: {},
  unless: ({ resume }) => (resume?.in === 'none' ? 'the target declares that it cannot resume' : undefined),
  judge(history, { target }) {
    const told = history.measures('presented');
    // Who takes that long at an id of digits as well may still come.
    const usualMs = Number(told.find(({ facts }) => facts.case === 'kept')?.facts.awayMs ?? 0);
    const seen = told.filter(({ facts }) => facts.is !== 'away' || Number(facts.awayMs) > LONGER * usualMs);
    const is = (name: string) => seen.find(({ facts }) => facts.case === name)?.facts.is;
    const elsewhere = seen.find(({ facts }) => facts.is === 'elsewhere' || facts.is === 'undeclared');
    if (elsewhere)
      return inconclusive('it presents its id elsewhere than declared: name the place with --resume', {
        because: [elsewhere],
      });
    if (is('kept') === undefined) return follows('no-reconnect', 'it did not come back');
    if (seen.every(({ facts }) => facts.is === 'nothing' || facts.is === 'away'))
      return target.resume === undefined
        ? skipped('needs --resume')
        : skipped('follows from no-resume: it presents no id at all');
    const wrong = Object.keys(ID_CASES).filter((name) => isWrong(name, is(name)));
    const unseen = Object.keys(ID_CASES).filter((name) => is(name) === undefined);
    const measured = {
      right: Object.keys(ID_CASES).length - wrong.length - unseen.length,
      wrong: wrong.join(', '),
      unseen: unseen.join(', '),
    };
    const because = seen.filter(({ facts }) => wrong.includes(String(facts.case)));
    if (wrong.length > 0) {
      const all = wrong.map((name) => `${words(is(name))} ${ID_CASES[name]?.said} (${ID_CASES[name]?.rule})`);
      const mild = wrong.every((name) => name === BROWSERS_ONLY);
      return fail(all.join('; '), { measured, because, ...(mild ? { level: 'SHOULD', conformant: true } : {}) });
    }
    if (unseen.length > 0)
      return inconclusive(
        `it stayed away before it was seen ${unseen.map((name) => ID_CASES[name]?.said).join(', ')}`,
        {
          measured,
          because: seen,
        },
      );
    return pass(`presented what it was given in each of ${seen.length} cases`, { measured, because: seen });
  },
  examples: { pass: story('right'), fail: story('that of the event that was cut') },
});

function isWrong(name: string, is: unknown): boolean {
  if (is === undefined) return false;
  return name === 'reset' ? is !== 'nothing' : is !== 'right';
}

function words(is: unknown): string {
  return is === 'away' ? 'never came back' : `presented ${is}`;
}

function story(cut: string) {
  return Object.keys(ID_CASES).map((name, i) => {
    const is = name === 'cut' ? cut : name === 'reset' ? 'nothing' : 'right';
    return [i * 1000, { type: 'measure', name: 'presented', facts: { case: name, is, awayMs: 1000 } }] as const;
  });
}
