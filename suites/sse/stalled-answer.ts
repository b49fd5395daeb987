import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { answerStory, inShort, noticingOf, trialsOf, wholeAnswer } from './answer-evidence.js';

const BITES = { frozen: 'freeze', silent: 'unfinished-answer' };
const BEATING = { beating: 'unfinished-answer' };
const WORDS: Readonly<Record<string, string>> = { frozen: 'the link was dead', silent: 'the server sent nothing more' };

// Anthropic, streaming: "Event streams may also include any number of `ping` events." OpenRouter, streaming: comments are
// sent "to prevent connection timeouts". So a server that beats says that the model is still at work, for minutes with some:
// to wait on then is told, and not judged. Nothing at all for 60 s is what nobody should wait behind.
export default defineCheck({
  id: 'sse/stalled-answer',
  level: 'MUST',
  antiPattern: null,
  role: 'client',
  streams: 'finite',
  scenario: 'answers',
  title: 'MUST notice within 60 s that an answer has stalled before its final marker',
  why: 'The SDKs wait 5 to 10 minutes by default. A link that died without a word, or a server that hangs, leaves the user before a cursor that blinks.',
  fix: 'Start a timer of 30-60 s anew at each chunk and abort the request when it runs out (openai and anthropic for Python: timeout=; fetch: an AbortController, since its own limits are 300 s).',
  source: 'CHECKLIST: noticed as incomplete within 60 s; a timer of 60,000 ms is never exact, hence 5 s more',
  measured: {
    frozen: 'noticed | whole | mute | unclear, on a dead link',
    silent: 'the same, of a server that sends nothing more',
    beating: 'the same, while comments or pings go on; not judged',
    noticedMs: 'the slowest notice, in milliseconds',
  },
  expect: { limitMs: 65_000 },
  decidedBy: [['noticedMs', 'limitMs']],
  scaled: ['limitMs'],
  judge(history, { expect }) {
    const whole = wholeAnswer(history);
    if ('outcome' in whole) return whole;
    const limitMs = expect.limitMs ?? 0;
    const trials = trialsOf(history, { ...BITES, ...BEATING });
    const all = trials.map(({ answer }) => noticingOf(answer, whole, limitMs, true));
    const found = all.filter(({ trial }) => trial in BITES);
    const times = found.flatMap(({ made, afterMs }) => (made === 'noticed' && afterMs !== null ? [afterMs] : []));
    const measured = {
      ...Object.fromEntries(all.map(({ trial, made }) => [trial, made])),
      noticedMs: times.length > 0 ? Math.max(...times) : null,
    };
    const because = [whole, ...trials.map(({ bite }) => bite), ...found.map((one) => one.because)];
    const text = (made: readonly string[]) =>
      inShort(
        found.filter((one) => made.includes(one.made)),
        WORDS,
      );
    const bad = text(['whole', 'mute']);
    if (bad) return fail(bad, { measured, because });
    const open = text(['unclear']);
    if (open) return inconclusive(open, { measured, because });
    const missing = Object.keys(BITES).filter((trial) => !found.some((one) => one.trial === trial));
    if (missing.length > 0) return inconclusive('no answer of ours could be made to stand still', { measured });
    const beside = all.some(({ trial, made }) => trial in BEATING && made === 'mute')
      ? `; waits on for ${inWords(limitMs)} and more while the server beats, as slow models need`
      : '';
    const view = found.every((one) => one.view === 'wire') ? 'wire' : 'application';
    return pass(`${text(['noticed'])}${beside}`, { measured, because, view });
  },
  examples: { pass: answerStory(BITES, 1), fail: answerStory(BITES, null) },
});
