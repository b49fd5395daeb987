import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { heartbeatsOf } from './heartbeat-evidence.js';

// "The following stream fires two events: data / / data / data ... The first block fires events with the data set to the empty
// string" [WHATWG HTML 9.2.6]: a line that is `data` or `data:` and a blank one dispatch an empty message.
export default defineCheck({
  id: 'sse/heartbeat-as-message',
  level: 'SHOULD',
  antiPattern: 4,
  role: 'server',
  scenario: 'idle',
  title: 'SHOULD send its heartbeat as a comment or a named event, not as a message',
  why: 'A `data:` line and a blank one dispatch a message event, empty or not: each client has to know and skip it, and one that parses it as JSON fails every 15 s.',
  fix: 'Write a comment, `: keep-alive` and a blank line, or give it a name of its own: `event: ping` and `data:`.',
  source:
    'WHATWG HTML 9.2.7: "authors can include a comment line (one starting with a : character) every 15 seconds or so"',
  measured: { messages: 'heartbeats that are messages', others: 'heartbeats that are none' },
  expect: {},
  judge(history, { target, options }) {
    const sessions = history.measures('watched');
    if (sessions.length === 0) return inconclusive('no session was opened');
    const beats = heartbeatsOf(history, options.scale);
    const messages = beats.filter(({ kind }) => kind === 'message');
    const others = beats.filter(({ kind }) => kind !== 'message');
    const measured = { messages: messages.length, others: others.length };
    const because = (messages.length > 0 ? messages : others).slice(0, 3).map(({ event }) => event);
    // One may have been something else.
    if (messages.length > 1) {
      const what = messages.every(({ event }) => event.form === 'empty')
        ? 'an empty message'
        : 'a message without a name';
      return fail(`its heartbeat is ${what}`, { measured, because });
    }
    const [first] = others;
    if (first) return pass(`its heartbeat is a ${first.kind}`, { measured, because });
    if (messages.length > 0)
      return inconclusive('one message that may be a heartbeat is too few to tell', { measured, because });
    const quiet = Object.keys(target.server?.quietEnv ?? {}).length > 0;
    return skipped(
      quiet ? 'it sent no heartbeat' : 'it sent no heartbeat: needs --quiet-env where it does so only when idle',
      {
        measured,
      },
    );
  },
  examples: { pass: story('comment'), fail: story('text') },
});

function story(opcode: 'comment' | 'text') {
  const beat = {
    type: 'message',
    gate: 'idle',
    conn: 1,
    dir: 'down',
    opcode,
    bytes: 0,
    hash: '',
    form: 'empty',
  } as const;
  return [
    [20_000, beat],
    [40_000, beat],
    [75_000, { type: 'measure', name: 'watched', facts: { session: 1, conn: 1, forMs: 75_000, ended: false } }],
  ] as const;
}
