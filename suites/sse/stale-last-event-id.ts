import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';

/** What each case is about, and what the standard says of it. */
const CASES: Readonly<Record<string, { readonly said: string; readonly rule: string }>> = {
  kept: {
    said: 'after an event without an id',
    rule: '“The buffer does not get reset, so the last event ID string of the event source remains set to this value until the next time it is set by the server.”',
  },
  cut: {
    said: 'after an event that was cut',
    rule: '“Once the end of the file is reached, any pending data must be discarded. (If the file ends in the middle of an event, before the final empty line, the incomplete event is not dispatched.)”',
  },
  NUL: {
    said: 'after an id with a NUL in it',
    rule: '“If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value. Otherwise, ignore the field.”',
  },
  spaces: { said: 'of an id with spaces in it', rule: '“set the last event ID buffer to the field value”' },
  reset: {
    said: 'after an empty id',
    rule: '“… this time with no value, which resets the last event ID to the empty string (meaning no Last-Event-ID header will now be sent in the event of a reconnection being attempted)”',
  },
  'UTF-8': {
    said: 'of an id with characters beyond ASCII',
    rule: '“Let lastEventIDValue be the EventSource object’s last event ID string, encoded as UTF-8.”',
  },
  alone: {
    said: 'after a block with an id and no data',
    rule: 'a browser sets the last event ID string before “If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string and return”; for others that is “implementation dependent”',
  },
};
/** “For other user agents, the appropriate steps to dispatch the event are implementation dependent” [9.2.6]. */
const BROWSERS_ONLY = 'alone';

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
    if (history.measures('asked').some(({ facts }) => facts.method === 'POST'))
      return skipped('it asks by POST: a finite stream is judged by truncated-answer');
    const seen = history.measures('presented');
    const is = (name: string) => seen.find(({ facts }) => facts.case === name)?.facts.is;
    const elsewhere = seen.find(({ facts }) => facts.is === 'elsewhere' || facts.is === 'undeclared');
    if (elsewhere)
      return inconclusive('it presents its id elsewhere than declared: name the place with --resume', {
        because: [elsewhere],
      });
    if (is('kept') === undefined) return skipped('follows from no-reconnect: it did not come back');
    if (seen.every(({ facts }) => facts.is === 'nothing' || facts.is === 'away'))
      return target.resume === undefined
        ? skipped('needs --resume')
        : skipped('follows from no-resume: it presents no id at all');
    const wrong = Object.keys(CASES).filter((name) => isWrong(name, is(name)));
    const unseen = Object.keys(CASES).filter((name) => is(name) === undefined);
    const measured = {
      right: Object.keys(CASES).length - wrong.length - unseen.length,
      wrong: wrong.join(', '),
      unseen: unseen.join(', '),
    };
    const because = seen.filter(({ facts }) => wrong.includes(String(facts.case)));
    if (wrong.length > 0) {
      const told = wrong.map((name) => `${words(is(name))} ${CASES[name]?.said} (${CASES[name]?.rule})`);
      const mild = wrong.every((name) => name === BROWSERS_ONLY);
      return fail(told.join('; '), { measured, because, ...(mild ? { level: 'SHOULD', conformant: true } : {}) });
    }
    if (unseen.length > 0)
      return inconclusive(`it stayed away before it was seen ${unseen.map((name) => CASES[name]?.said).join(', ')}`, {
        measured,
        because: seen,
      });
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
  return Object.keys(CASES).map((name, i) => {
    const is = name === 'cut' ? cut : name === 'reset' ? 'nothing' : 'right';
    return [i * 1000, { type: 'measure', name: 'presented', facts: { case: name, is } }] as const;
  });
}
