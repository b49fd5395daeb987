import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { answerStory, inShort, type Noticing, noticingOf, trialsOf, wholeAnswer } from './answer-evidence.js';

const BITES = { reset: 'reset', end: 'end', ended: 'unfinished-answer', error: 'unfinished-answer' };
const WORDS: Readonly<Record<string, string>> = {
  reset: 'it was cut by a reset in the middle of a token',
  end: 'it was cut by a FIN without the last chunk in the middle of a token',
  ended: 'it ended in good order before its final marker',
  error: 'it ended by an error event',
};

// OpenAI, chat completions, `stream`: "the stream terminated by a `data: [DONE]` message"; `finish_reason`: "The reason the
// model stopped generating tokens". Anthropic, streaming: "A final `message_stop` event". Gemini, `finishReason`: "If empty,
// the model has not stopped generating the tokens." RFC 9112 8: a chunked body without its last chunk "is incomplete". All our
// cuts come before a finish_reason or stop_reason: who takes that for the end is right.
export default defineCheck({
  id: 'sse/truncated-answer',
  level: 'MUST',
  antiPattern: null,
  role: 'client',
  streams: 'finite',
  scenario: 'answers',
  title: 'MUST notice within 60 s that an answer was cut before its final marker, and not show it as whole',
  why: 'Half an answer reads like an answer: half a diff is applied, half a JSON is retried at random, half a warning is believed. Only the missing marker tells.',
  fix: 'Take an answer for whole only when its finish_reason, [DONE] or message_stop (Gemini: finishReason; Cohere: message-end; Ollama: done) has come; treat the end of the body before that, and an error event, as a failure that the user sees (the SDKs’ plain iterators do not: use their helpers for the final message, or check yourself).',
  source: 'OpenAI API reference (stream, finish_reason); Anthropic, streaming messages; RFC 9112 8',
  measured: {
    reset: 'noticed | whole | mute | unclear | unknown',
    end: 'the same, of a bare FIN',
    ended: 'the same, of an orderly end of the body',
    error: 'the same, of an error event',
    noticedMs: 'the slowest notice, in milliseconds',
  },
  expect: { limitMs: 65_000 },
  decidedBy: [['noticedMs', 'limitMs']],
  scaled: ['limitMs'],
  judge(history, { expect }) {
    const whole = wholeAnswer(history);
    if ('outcome' in whole) return whole;
    const trials = trialsOf(history, BITES);
    const found = trials.map(({ answer }) => noticingOf(answer, whole, expect.limitMs ?? 0, false));
    const times = found.flatMap(({ made, afterMs }) => (made === 'noticed' && afterMs !== null ? [afterMs] : []));
    const measured = {
      ...Object.fromEntries(found.map(({ trial, made }) => [trial, made])),
      noticedMs: times.length > 0 ? Math.max(...times) : null,
    };
    const told = (wanted: (one: Noticing) => boolean) => {
      const those = found.filter(wanted);
      const bites = trials.filter(({ trial }) => those.some((one) => one.trial === trial)).map(({ bite }) => bite);
      const text = inShort(those, WORDS);
      return { those, text, details: { measured, because: [whole, ...bites, ...those.map(({ because }) => because)] } };
    };
    // Of an API that nobody knows the end of the body may be the marker.
    const nameless = (one: Noticing) => whole.facts.api === null && ['ended', 'error'].includes(one.trial);
    const bad = told((one) => ['whole', 'mute'].includes(one.made) && !nameless(one));
    if (bad.those.length > 0) return fail(bad.text, { ...bad.details, view: 'application' });
    const open = told(({ made }) => made === 'unclear');
    if (open.those.length > 0) return inconclusive(open.text, open.details);
    if (found.some(({ made }) => made === 'unknown'))
      return skipped('the client lives on after its answers and reports nothing of them ({"event":"done"|"error"})');
    const missing = Object.keys(BITES).filter((trial) => !trials.some((one) => one.trial === trial));
    if (missing.length > 0)
      return inconclusive(`no answer came so far that ${missing.map((trial) => WORDS[trial]).join(', ')}`, {
        measured,
      });
    if (found.some((one) => one.made !== 'noticed'))
      return inconclusive(
        'took an answer without its final marker for whole: on its path that may be how answers end',
        {
          measured,
          because: [whole],
        },
      );
    const good = told(() => true);
    return pass(good.text, { ...good.details, view: 'application' });
  },
  examples: { pass: answerStory(BITES, 1), fail: answerStory(BITES, 0) },
});
