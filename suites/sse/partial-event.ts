import { defineCheck } from '../../harness/define.js';
import { fail, follows, inconclusive, pass, skipped } from '../../harness/finding.js';
import { LARGE } from '../scenarios/exact-events.js';
import { eventsOf, wholeStory } from './whole-events.js';

const ENOUGH_CUTS = 3;

// "Once the end of the file is reached, any pending data must be discarded. (If the file ends in the middle of an event, before the
// final empty line, the incomplete event is not dispatched.)" "Streams must be decoded using the UTF-8 decode algorithm. The UTF-8
// decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any." "Lines must be separated by either a U+000D CARRIAGE
// RETURN U+000A LINE FEED (CRLF) character pair, a single U+000A LINE FEED (LF) character, or a single U+000D CARRIAGE RETURN (CR)
// character." [WHATWG HTML 9.2.5, 9.2.6]. How many bytes lie in a packet is nobody's to choose.
export default defineCheck({
  id: 'sse/partial-event',
  level: 'MUST',
  antiPattern: null,
  role: 'client',
  scenario: 'exact-streams',
  title: 'MUST deliver each event whole, and never half of one: cut before its end, or split across packets anywhere',
  why: 'A stream ends where a proxy or a deploy ends it. Half an answer, half an order or half a name then looks like a whole one.',
  fix: 'Deliver an event at its blank line and nothing at the end of the stream; decode UTF-8 and line ends across reads (or use a parser that does).',
  source: 'WHATWG HTML 9.2.5 and 9.2.6, “Parsing an event stream”, “Interpreting an event stream”',
  measured: { half: 'events', torn: 'forms', lost: 'forms', cuts: 'count' },
  expect: {},
  samples: 'cuts',
  judge(history) {
    const { reported, plain, half, glued, torn, lost, strange, cuts, died, blunt } = eventsOf(history);
    if (plain === 0) return skipped('the client asked for no stream');
    if (reported < plain / 2)
      return skipped('needs the ids that the application saw (those of the events or of their data), on stdout');
    if (reported < plain) return inconclusive(`it reported only ${reported} of ${plain} plain events`);
    const measured = {
      half: half.length + glued.length,
      torn: torn.map(({ name }) => name).join(', '),
      lost: lost.map(({ name }) => name).join(', '),
      cuts,
    };
    const view = 'application' as const;
    const because = [...half, ...glued, ...torn, ...lost].map(({ event }) => event);
    const said = [
      ...half.map(({ name }) => `delivered an event that was cut ${name}`),
      ...glued.map(({ name }) => `joined an event that was cut ${name} with the next one`),
      ...torn.map(({ name }) => `delivered twice: ${name}`),
      ...lost.map(({ name }) => `lost: ${name}`),
      ...(strange.length > 0 ? [`reported ${strange.length} ids that were never sent`] : []),
      ...(died ? [`its process ended (${died.facts.exit})`] : []),
    ];
    if (said.length > 0) {
      // "User agents may impose implementation-specific limits on otherwise unconstrained inputs" [HTML 2.1].
      const onlyLarge = said.length === 1 && lost.length === 1 && lost[0]?.name === LARGE;
      const mild = onlyLarge ? { level: 'SHOULD' as const, conformant: true } : {};
      return fail(said.join('; '), {
        measured,
        view,
        because: [...because, ...strange, ...(died ? [died] : [])],
        ...mild,
      });
    }
    const tried = history.measures('event');
    if (cuts === 0) return follows('no-reconnect', 'it did not come back');
    if (blunt.length > 0)
      return inconclusive(`packets came joined: ${blunt.join(', ')}`, { measured, view, because: tried });
    if (cuts < ENOUGH_CUTS)
      return inconclusive(`it stayed away after ${cuts} cuts`, { measured, view, because: tried });
    return pass(`delivered every form of event once, and none of ${cuts} that were cut before their end`, {
      measured,
      view,
      because: tried,
    });
  },
  examples: { pass: wholeStory(false), fail: wholeStory(true) },
});
