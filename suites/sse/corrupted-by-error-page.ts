import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { pageStory, wordsOf } from './page-evidence.js';

// "If res's status is not 200, or if res's `Content-Type` is not `text/event-stream`, then fail the connection." "Once the user agent
// has failed the connection, it does not attempt to reconnect." [WHATWG HTML 9.2.2, 9.2.3] A line without a colon is a field name, and
// "the field is ignored" [9.2.6]: of a page nothing is dispatched.
export default defineCheck({
  id: 'sse/corrupted-by-error-page',
  level: 'MUST',
  antiPattern: null,
  role: 'client',
  scenario: 'error-pages',
  title: 'MUST give its application nothing of an HTML page that comes in its stream or instead of it, and come back',
  why: 'An edge that cannot reach the server speaks HTML for it: in place of the stream, or in the midst of one that it has held idle for too long. Taken for messages, it is shown to users or breaks the parser for good.',
  fix: 'Look at status and Content-Type before reading; read events as the standard says and ignore unknown fields; after an end, or a page, come back with a growing delay.',
  source: 'WHATWG HTML 9.2.2, 9.2.3 and 9.2.6; Cloudflare ends what has been idle for 100 s with its own page (524)',
  measured: { taken: 'messages', midStreamMs: 'ms', insteadMs: 'ms', portalMs: 'ms', exit: 'exit code or signal' },
  expect: { maxReturnMs: 60_000 },
  decidedBy: [
    ['midStreamMs', 'maxReturnMs'],
    ['insteadMs', 'maxReturnMs'],
    ['portalMs', 'maxReturnMs'],
  ],
  scaled: ['maxReturnMs'],
  judge(history, { expect }) {
    const limit = expect.maxReturnMs ?? 60_000;
    const pages = history.measures('page');
    const baseline = history.of('obstacle').find(({ code }) => code === 'BASELINE');
    if (baseline || pages.length === 0)
      return inconclusive(baseline?.text ?? 'no page was served', { because: baseline ? [baseline] : [] });
    const ms = (trial: string) => {
      const value = pages.find(({ facts }) => facts.trial === trial)?.facts.reconnectMs;
      return typeof value === 'number' ? Math.round(value) : null;
    };
    // Where the standard orders to stop, a program that has nothing else to do ends in good order.
    const exited = pages.filter(
      ({ facts }) => facts.exited === true && !(facts.trial !== 'mid-stream' && facts.exit === 0),
    );
    const measured = {
      taken: pages.reduce((sum, { facts }) => sum + Number(facts.taken), 0),
      midStreamMs: ms('mid-stream'),
      insteadMs: ms('instead'),
      portalMs: ms('portal'),
      exit: exited[0]?.facts.exit ?? null,
    };
    const bites = history.bites('error-page');
    const reports = pages.some(({ facts }) => facts.reports === true);
    const view = reports ? 'application' : 'wire';
    const because = [...pages, ...bites];
    const taken = pages.filter(({ facts }) => Number(facts.taken) > 0);
    if (taken.length > 0)
      return fail(`its application was given ${wordsOf(taken)} as messages`, { measured, view, because });
    if (exited.length > 0) return fail(`its process ended at ${wordsOf(exited)}`, { measured, view, because });
    const away = pages.filter(({ facts }) => typeof facts.reconnectMs !== 'number' || facts.reconnectMs > limit);
    const hard = away.filter(({ facts }) => facts.trial === 'mid-stream');
    if (hard.length > 0)
      return fail(`not back within ${inWords(limit)} after ${wordsOf(hard)}`, { measured, view, because });
    if (away.length > 0)
      return fail(
        `not back within ${inWords(limit)} after ${wordsOf(away)}. The specification says stop, and so it is not resilient`,
        { measured, view, because, level: 'SHOULD', conformant: true },
      );
    const shown = new Set(bites.map(({ facts }) => facts.where));
    if (!shown.has('mid-stream') || !shown.has('instead'))
      return inconclusive('no page was served', { measured, view, because });
    if (!reports)
      return inconclusive('it came back each time, but does not report what its application was given', {
        measured,
        view,
        because,
      });
    return pass('nothing of a page reached the application, and it came back each time', { measured, view, because });
  },
  examples: { pass: pageStory(0), fail: pageStory(1) },
});
