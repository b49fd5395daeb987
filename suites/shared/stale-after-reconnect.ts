import { currencyOf } from '../../harness/currency.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { data } from '../../harness/ledger.js';
import { inWords } from '../../harness/numbers.js';
import { cutsOf, wireStory } from './delivery-evidence.js';

export default defineCheck({
  id: 'stale-after-reconnect',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['server-streaming', 'bidirectional'],
  level: 'MUST',
  antiPattern: 5,
  role: 'client',
  scenario: 'cuts',
  title: 'MUST have the current value within 5 s of its return, and nothing older after it',
  why: 'A price, a position or a temperature that stood still while the link was gone looks as good as a fresh one, until somebody acts on it.',
  fix: 'Subscribe again at each return, let the server send the current value first, and drop what is older than what is shown.',
  source: 'CHECKLIST rule 7: `delivery: latest` may drop messages, and must not go on with old ones',
  measured: { staleMs: 'ms, the longest', older: 'messages', returns: 'count' },
  expect: { maxStaleMs: 5000 },
  samples: 'returns',
  decidedBy: [['staleMs', 'maxStaleMs']],
  scaled: ['maxStaleMs'],
  needs: ['no-reconnect'],
  unless: (target) =>
    target.delivery === 'latest' ? undefined : 'needs --delivery latest: no message may be dropped by this target',
  judge(history, { target, expect }) {
    const limit = expect.maxStaleMs ?? 5000;
    const cuts = cutsOf(history);
    if ('outcome' in cuts) return cuts;
    if (data(history, 'witness').length === 0)
      return skipped('the server sends nothing of its own to a client that only listens; needs --subscribe');
    const currency = currencyOf(history, { declared: target.sequence, resume: target.resume, ...cuts });
    if ('unknown' in currency) return inconclusive(currency.unknown);
    const { view, returns } = currency;
    // A return that was cut short may have been about to bring it.
    const judged = returns.filter(({ staleMs, to, until }) => staleMs !== undefined || until - to >= limit);
    if (judged.length === 0)
      return inconclusive(
        returns.length === 0 ? 'nothing new came while the client was away' : 'each return was cut again too soon',
      );
    const times = judged.flatMap(({ staleMs }) => staleMs ?? []);
    const longest = times.length > 0 ? Math.max(...times) : null;
    const older = judged.flatMap((one) => one.older);
    const measured = {
      staleMs: longest === null ? null : Math.round(longest),
      older: older.length,
      returns: judged.length,
    };
    const backs = history.measures('back');
    const because = [...backs, ...older.slice(0, 3).map(({ event }) => event)];
    const late = judged.filter(({ staleMs }) => staleMs === undefined || staleMs > limit);
    if (late.length > 0)
      return late.every(({ strange }) => strange > 0)
        ? inconclusive('what came at the return is none of the messages that the witness got: a snapshot, perhaps', {
            measured,
            view,
            because,
          })
        : fail(
            `did not have the current value within ${inWords(limit)} of ${late.length} of ${judged.length} returns`,
            { measured, view: 'wire', because },
          );
    if (judged.some(({ untold }) => untold))
      return fail('the current value came to its socket, and not to the application', { measured, view, because });
    if (older.length > 0)
      return fail(`${older.length} older values came behind newer ones`, { measured, view, because });
    return pass(`had the current value at most ${inWords(longest ?? 0)} after each of ${judged.length} returns`, {
      measured,
      view,
      because,
    });
  },
  examples: {
    pass: wireStory((n) => n > 28),
    fail: wireStory((n) => n > 28 && n < 32),
  },
});
