import type { EventBodyAt, EventOf, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';

/** What says something else than happened. 1000 "indicates a normal closure, meaning that the purpose for which the connection was established has been fulfilled". */
const MISFITS: Readonly<Record<string, readonly number[]>> = {
  'protocol error': [1000, 1001, 1009, 1010, 1012],
  'too big': [1000, 1001, 1010, 1012],
  'going away': [1000, 1002, 1003, 1007, 1009, 1010],
};

// "1005 is a reserved value and MUST NOT be set as a status code in a Close control frame by an endpoint"; so are 1006 and
// 1015. Codes of 0 to 999 are not used, those of 1000 to 2999 belong to the protocol and its extensions [RFC 6455 7.4.1, 7.4.2]
export default defineCheck({
  id: 'websocket/wrong-close-code',
  level: 'MUST',
  antiPattern: null,
  role: 'server',
  scenario: 'manners',
  title: 'MUST close with a code that is not reserved and says what happened; should close with one',
  why: 'Clients decide by the code whether to come back: 1000 tells most of them to stay away, and a reserved one makes a correct client fail the connection.',
  fix: 'Send 1001 or 1012 when the server goes down, 1002 for a protocol error, 1009 for a message that is too big; leave the last two to the library.',
  source: 'RFC 6455 7.4.1 and 7.4.2; 1012 to 1014 from the IANA registry of close codes',
  measured: { protocolErrorCode: 'code', tooBigCode: 'code', goingAwayCode: 'code' },
  expect: {},
  judge(history) {
    const provoked = history.measures('provoked');
    const ended = provoked.filter(({ facts }) => facts.ended === true);
    const code = (what: string) => ended.find(({ facts }) => facts.what === what)?.facts.code ?? null;
    const measured = {
      protocolErrorCode: code('protocol error'),
      tooBigCode: code('too big'),
      goingAwayCode: code('going away'),
    };
    if (ended.length === 0)
      return inconclusive('nothing that was done made the server end a session', { measured, because: provoked });
    const wrong = ended.filter(({ facts }) => isWrong(String(facts.what), facts.code));
    if (wrong.length > 0) return fail(`closed with ${told(wrong)}`, { measured, because: wrong });
    // A close frame against bytes still under way is often lost in the reset behind it, and a shutdown without one is for
    // abrupt-shutdown to judge.
    const mute = ended.filter(({ facts }) => facts.what === 'protocol error' && !isCode(facts.code));
    const death = deathAt(history, mute[0]);
    if (death)
      return fail('died of a frame with a reserved opcode, which no code could then tell', {
        measured,
        because: [...mute, death],
        level: 'SHOULD',
      });
    if (mute.length > 0)
      return fail('ended the session without a code at a frame with a reserved opcode', {
        measured,
        because: mute,
        level: 'SHOULD',
      });
    if (!ended.some(({ facts }) => isCode(facts.code)))
      return inconclusive('no close code was seen', { measured, because: ended });
    return pass(`closed with ${told(ended.filter(({ facts }) => isCode(facts.code)))}`, { measured, because: ended });
  },
  examples: { pass: story(1002, 1001), fail: story(1002, 1000) },
});

/** Unless it let somebody in after that frame: then it was another thing that it died of. */
function deathAt(history: HistoryView, frame: EventOf<'measure'> | undefined): EventOf<'process'> | undefined {
  if (!frame) return undefined;
  const death = history.of('process').find(({ what }) => what === 'crash');
  const letIn = history.of('session').some(({ what, t }) => what === 'open' && t > frame.t);
  return letIn ? undefined : death;
}

/** 1005 is what a library reports where a close frame held no code. */
function isCode(code: unknown): code is number {
  return typeof code === 'number' && code !== 1005;
}

function isWrong(what: string, code: unknown): boolean {
  if (!isCode(code)) return false;
  const unassigned = code < 1000 || code === 1004 || code === 1006 || (code >= 1015 && code < 3000) || code >= 5000;
  return unassigned || (MISFITS[what] ?? []).includes(code);
}

function told(events: readonly EventOf<'measure'>[]): string {
  return events.map(({ facts }) => `${facts.code} at "${facts.what}"`).join(', ');
}

function story(protocolError: number, goingAway: number): EventBodyAt[] {
  const provoked = (what: string, code: number) =>
    ({ type: 'measure', name: 'provoked', facts: { what, ended: true, code } }) as const;
  return [
    [1, provoked('protocol error', protocolError)],
    [2, provoked('going away', goingAway)],
  ];
}
