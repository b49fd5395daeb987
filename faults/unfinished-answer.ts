import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import type { HaltedAnswer } from '../harness/drivers/token-answer.js';

/** An answer that stands still after some of its tokens never gets its final marker. */
export default defineFault<HaltedAnswer, { readonly how: string; readonly everyMs: number }>({
  id: 'unfinished-answer',
  hop: 'driver',
  about: 'an LLM’s answer ends early in good order, turns into an error event, or goes on without tokens',
  evidence: 'the tokens sent, and what came in place of the others',
  params: { how: 'ended | error | silent | beating', everyMs: 'milliseconds between two signs of life' },
  async inject(answer, { how, everyMs }, { bite }) {
    const { tokens } = answer;
    // Of which nothing was sent, nothing was cut off.
    if (tokens === 0) return () => {};
    if (how === 'beating') {
      let beats = 0;
      const beating = every(everyMs, () => {
        if (!answer.beat()) return;
        beats += 1;
        if (beats === 1) bite({ how, tokens });
      });
      return () => beating[Symbol.dispose]();
    }
    if (how === 'ended') await answer.end();
    if (how === 'error') await answer.fail();
    bite({ how, tokens });
    return () => {};
  },
});
