import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inMiB, inWords, MIB } from '../../harness/numbers.js';
import { eachAbove, growsOn, leavingOf, leavingStory } from './leaving-evidence.js';

// A client that has gone closed its socket: what is written into it is answered by a reset, and the next write fails. A client that
// only half-closes and reads on has not left, and nothing is asked for it. Writing that goes nowhere is seen as work for nobody.
export default defineCheck({
  id: 'sse/ignored-disconnect',
  level: 'MUST',
  antiPattern: null,
  role: 'server',
  scenario: 'leaving',
  title: 'MUST stop writing to a client that has left within 5 s, and keep nothing of it',
  why: 'Browsers leave a stream at every page change and come back. What stays of each, a descriptor, a timer, a place in the list of those to write to, adds up until the server is slow, full or dead.',
  fix: "Listen for the client's end and take it off the list, end its timer and its subscription (Node: response.on('close'); Go: request.Context().Done(); ASGI: http.disconnect), and stop at the first write that fails.",
  source:
    'CHECKLIST: 1,000 clients leave by FIN and RST; 5 s count from the third write after, since a program that only looks when it writes learns it from the second. RFC 9293 3.5.2: data for a connection that does not exist is answered by a reset',
  measured: {
    left: 'clients',
    tookMs: 'ms',
    descriptorsLeft: 'descriptors',
    workBeforeMs: 'ms a write',
    workMs: 'ms a write',
    rssGrowthBytes: 'bytes',
  },
  expect: {
    maxDescriptors: 10,
    maxWorkMs: 0.7,
    someWorkMs: 0.3,
    someGrowthBytes: 8 * MIB,
    maxGrowthBytes: 16 * MIB,
    minLeft: 900,
    minWrites: 3,
  },
  samples: 'left',
  decidedBy: [
    ['descriptorsLeft', 'maxDescriptors'],
    ['workMs', 'maxWorkMs'],
  ],
  judge(history, { expect }) {
    const { maxDescriptors = 10, maxWorkMs = 0.7, someWorkMs = 0.3 } = expect;
    const { someGrowthBytes = 8 * MIB, maxGrowthBytes = 16 * MIB } = expect;
    const leaving = leavingOf(history);
    if (!leaving) return inconclusive('no client left');
    const { before, rounds, first, stay, left, work, memory, measured } = leaving;
    const details = { measured, because: [before, ...rounds] };
    if (rounds.some(({ facts }) => facts.alive === false))
      return fail(`the server died when its clients left`, details);
    if (Number(first.facts.left) < (expect.minLeft ?? 900))
      return inconclusive(`only ${first.facts.left} clients were let in, so that they could leave`, details);
    if (typeof before.facts.descriptors !== 'number' || Number(first.facts.held) < before.facts.descriptors + 50)
      return inconclusive('its connections are not among the descriptors that can be counted here', details);
    const [once = 0, twice = 0] = stay;
    if (once > maxDescriptors && Number(first.facts.writes) < (expect.minWrites ?? 3))
      return inconclusive(`${once} descriptors stayed, but it wrote too seldom to notice`, details);
    if (twice > once + maxDescriptors)
      return fail(`${once} descriptors of the first thousand that left stayed, ${twice} of two thousand`, details);
    const costs = `its work for a write went from ${measured.workBeforeMs} ms to ${measured.workMs} ms, with nobody there`;
    if (growsOn(work, maxWorkMs)) return fail(`it writes to who has left: ${costs}`, details);
    const said = `its memory grew by ${memory.map(inMiB).join(', ')} for each thousand that left`;
    if (growsOn(work, someWorkMs) && eachAbove(memory, someGrowthBytes)) return fail(`${said}; ${costs}`, details);
    // Four thousand in a heap that is not collected yet may look like this.
    if (rounds.length >= 4 && eachAbove(memory, maxGrowthBytes))
      return inconclusive(`${said}: a leak, or a heap that still finds its size`, details);
    if (once > maxDescriptors)
      return inconclusive(`${once} descriptors stayed, but a second thousand left no more`, details);
    return pass(`nothing stayed of ${left} clients ${inWords(Number(measured.tookMs))} after the last had left`, {
      ...details,
      // Of a server that writes seldom, the work for who has left cannot be seen.
      ...(work.length > 0 ? {} : { confidence: 'medium' as const }),
    });
  },
  examples: { pass: leavingStory(8, 10), fail: leavingStory(1008, 2008) },
});
