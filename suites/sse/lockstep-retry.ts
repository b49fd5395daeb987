import type { EventOf } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { numberOf } from '../../harness/sequence.js';

/** Eight draws of a jitter of +-10 % are within 10 % of each other once in thirty times. */
const NEARLY_PCT = 5;

// "A reconnection time, in milliseconds. This must initially be an implementation-defined value, probably in the region of a few
// seconds." [WHATWG HTML 9.2.2]: every browser of a kind waits the same, and `retry:` is the only word a server has in it.
export default defineCheck({
  id: 'sse/lockstep-retry',
  level: 'SHOULD',
  antiPattern: 3,
  role: 'server',
  scenario: 'arrivals',
  title: 'SHOULD send each client a `retry:` of its own, more than 10 % apart',
  why: 'A browser comes back after a fixed time with no jitter. Cut all at once, by a deploy or a proxy, all of them come back in the same instant, and again after each refusal.',
  fix: 'Draw a number for each stream and send it first: `retry: 2700` to one, `retry: 4100` to the next.',
  source:
    'CHECKLIST lockstep-retry; WHATWG HTML 9.2.2 and 9.2.6: "set the event stream\'s reconnection time to that integer"',
  measured: { retryMs: 'ms, of each stream', spreadPct: '% of the mean' },
  expect: { minSpreadPct: 10 },
  decidedBy: [['spreadPct', 'minSpreadPct']],
  unless: ({ subscribe }) =>
    subscribe?.in === 'message' ? 'what answers a POST is one answer: nobody comes back to it by `retry:`' : undefined,
  judge(history, { expect }) {
    const seen = history.measures('arrivals')[0];
    const opened = Number(seen?.facts.opened ?? 0);
    if (!seen || opened < 2) return inconclusive(`${opened} streams could be opened`);
    const told = firstOf(history.of('message'));
    const retryMs = told.map(({ fields }) => numberOf(fields?.retry) ?? 0);
    const because = [seen, ...told];
    if (told.length === 0)
      return fail(`sent no \`retry:\` to ${opened} streams`, { measured: { retryMs, spreadPct: null }, because });
    const mean = retryMs.reduce((sum, ms) => sum + ms, 0) / retryMs.length;
    const spreadPct = mean === 0 ? 0 : Math.round((1000 * (Math.max(...retryMs) - Math.min(...retryMs))) / mean) / 10;
    const measured = { retryMs, spreadPct };
    if (told.length < opened)
      return fail(`sent a \`retry:\` to ${told.length} of ${opened} streams`, { measured, because });
    const range = `${Math.min(...retryMs)} to ${Math.max(...retryMs)} ms`;
    if (spreadPct > (expect.minSpreadPct ?? 10)) return pass(`sent a \`retry:\` of ${range}`, { measured, because });
    if (spreadPct > NEARLY_PCT && expect.minSpreadPct === 10)
      return inconclusive(`${opened} streams are too few to tell a jitter of this size (${range})`, {
        measured,
        because,
      });
    return fail(spreadPct === 0 ? `sent everybody \`retry: ${retryMs[0]}\`` : `sent a \`retry:\` of ${range}`, {
      measured,
      because,
    });
  },
  examples: { pass: story(2100, 3900), fail: story(3000, 3000) },
});

/** What each stream was told first. */
function firstOf(messages: readonly EventOf<'message'>[]): EventOf<'message'>[] {
  const by = new Map<string, EventOf<'message'>>();
  for (const message of messages) {
    const key = `${message.gate} ${message.conn}`;
    if (message.gate.startsWith('arrivals') && message.fields?.retry !== undefined && !by.has(key))
      by.set(key, message);
  }
  return [...by.values()];
}

function story(...retryMs: number[]) {
  return [
    ...retryMs.map(
      (retry, index) =>
        [
          1,
          {
            type: 'message',
            gate: 'arrivals',
            conn: index + 1,
            dir: 'down',
            opcode: 'text',
            bytes: 0,
            hash: '',
            form: 'empty',
            packet: 'control',
            fields: { retry },
          },
        ] as const,
    ),
    [2, { type: 'measure', name: 'arrivals', facts: { asked: 8, opened: retryMs.length } }],
  ] as const;
}
