import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

const KINDS = ['servfail', 'slow'];
const IN_WORDS: Readonly<Record<string, string>> = { servfail: 'answered by SERVFAIL', slow: 'answered 5 s late' };

export default defineCheck({
  id: 'dns-failure-fatal',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      fix: 'Take "name resolution failed" for what it is, UNAVAILABLE, and call again with backoff, or wait for ready: the channel resolves again by itself.',
      source:
        'CHECKLIST: own resolver, SERVFAIL and answers 5 s late while the old address refuses, for 20 s and until the channel has asked (at most every 30 s)',
    },
  },
  level: 'SHOULD',
  antiPattern: 3,
  role: 'client',
  scenario: 'dns',
  title: 'SHOULD go on trying while its server’s name cannot be resolved, and be back within 60 s of when it can',
  why: 'A machine that wakes up or changes networks has no DNS for some seconds. A client that takes a failed lookup for a wrong address, and stops or dies, stays away for good.',
  fix: 'Treat a failed lookup (EAI_AGAIN, ENOTFOUND, gaierror) like a refused connection: back off and try again.',
  source: 'CHECKLIST: own resolver, SERVFAIL and answers 5 s late for 20 s',
  measured: { lookups: 'answered so', reconnectMs: 'ms after the name was answered well again, the slowest' },
  expect: { maxReconnectMs: 60_000 },
  samples: 'lookups',
  decidedBy: [['reconnectMs', 'maxReconnectMs']],
  scaled: ['maxReconnectMs'],
  needs: ['no-reconnect'],
  patterns: ['server-streaming', 'bidirectional'],
  judge(history, { expect }) {
    const limit = expect.maxReconnectMs ?? 60_000;
    const obstacle = history.of('obstacle').find(({ code }) => code === 'BASELINE');
    const seen = history.measures('named').filter(({ facts }) => KINDS.includes(String(facts.kind)));
    const bites = history.bites('dns').filter(({ facts }) => KINDS.includes(String(facts.kind)));
    const bitten = new Set(bites.map(({ facts }) => facts.kind));
    const judged = seen.filter(({ facts }) => bitten.has(facts.kind));
    const times = judged.map(({ facts }) => facts.reconnectMs).filter((ms) => typeof ms === 'number');
    const measured = {
      lookups: judged.reduce((sum, { facts }) => sum + Number(facts.lookups), 0),
      reconnectMs: times.length > 0 ? Math.round(Math.max(...times)) : null,
    };
    const because = [...bites, ...judged];
    const away = judged.filter(({ facts }) => typeof facts.reconnectMs !== 'number' || facts.reconnectMs > limit);
    if (away.length > 0) {
      const what = away.map(({ facts }) => {
        const how = facts.exited === true ? 'ended its process' : `was not back ${inWords(limit)} later`;
        return `${how} when its name was ${IN_WORDS[String(facts.kind)]}`;
      });
      return fail(what.join('; '), { measured, because });
    }
    if (obstacle) return inconclusive(obstacle.text, { because: [obstacle] });
    if (judged.length < KINDS.length)
      return inconclusive('it did not ask for its server’s name again after it was cut', { measured, because });
    return pass(`was back ${inWords(measured.reconnectMs ?? 0)} after its name could be resolved again`, {
      measured,
      because,
    });
  },
  examples: { pass: story(3000), fail: story(null) },
});

function story(reconnectMs: number | null) {
  return KINDS.flatMap((kind, n) => [
    [11_000 + n, { type: 'fault', fault: 'dns', what: 'bite', who: kind, facts: { kind } }] as const,
    [
      90_000 + n,
      { type: 'measure', name: 'named', facts: { kind, lookups: 4, reconnectMs, exited: false, old: null } },
    ] as const,
  ]);
}
