import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

export default defineCheck({
  id: 'stale-address',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      fix: 'Give the channel the name (dns:///host:port), never an address of your own: it resolves again where it cannot connect. Keep its least time between two resolutions under a minute, and the platform’s cache (Java: networkaddress.cache.ttl).',
    },
  },
  level: 'SHOULD',
  antiPattern: 3,
  role: 'client',
  scenario: 'dns',
  title: 'SHOULD resolve its server’s name again when it reconnects, and reach a new address within 60 s',
  why: 'Servers move: a failover, a new load balancer, a deploy. A client that keeps the address of its first connection knocks at a machine that is gone until it is restarted.',
  fix: 'Give the library the host name at each attempt, and keep no address of your own; where the platform caches (Java: networkaddress.cache.ttl), keep the cache under a minute.',
  source: 'CHECKLIST: own resolver, TTL 5 s; the old address refuses, the new one serves',
  measured: { lookups: 'answered with the new address', reconnectMs: 'ms' },
  expect: { maxReconnectMs: 60_000 },
  samples: 'lookups',
  decidedBy: [['reconnectMs', 'maxReconnectMs']],
  scaled: ['maxReconnectMs'],
  needs: ['no-reconnect'],
  patterns: ['server-streaming', 'bidirectional'],
  judge(history, { expect }) {
    const limit = expect.maxReconnectMs ?? 60_000;
    const moved = history.measures('named').find(({ facts }) => facts.kind === 'moved');
    if (!moved) {
      const obstacle = history.of('obstacle').find(({ code }) => code === 'BASELINE');
      return inconclusive(obstacle?.text ?? 'its server’s address was never changed');
    }
    const { facts } = moved;
    const bite = history.bites('dns').find((event) => event.facts.kind === 'moved');
    const reconnectMs = typeof facts.reconnectMs === 'number' ? Math.round(facts.reconnectMs) : null;
    const details = {
      measured: { lookups: Number(facts.lookups), reconnectMs },
      because: bite ? [bite, moved] : [moved],
    };
    if (history.bites('closed-port').length === 0)
      return inconclusive('it cannot be told that the old address refused', details);
    if (reconnectMs !== null && bite && reconnectMs <= limit)
      return pass(`reached the new address after ${inWords(reconnectMs)}`, details);
    // That it does come back, just not to the new address, is what makes it stale.
    if (facts.old === true)
      return fail(
        bite
          ? `was told the new address, and came back to the old one only`
          : `did not ask again in ${inWords(limit)}, and came back to the old address as soon as that served again`,
        details,
      );
    return inconclusive(
      `it came back to neither address${facts.exited === true ? ': its process ended' : ''}`,
      details,
    );
  },
  examples: { pass: story(2000), fail: story(null) },
});

function story(reconnectMs: number | null) {
  const lookups = reconnectMs === null ? 0 : 1;
  return [
    [11_000, { type: 'fault', fault: 'closed-port', what: 'bite', who: 'c', facts: { gate: 'moved' } }],
    ...(lookups > 0
      ? [[12_000, { type: 'fault', fault: 'dns', what: 'bite', who: 'moved', facts: { kind: 'moved' } }] as const]
      : []),
    [
      90_000,
      {
        type: 'measure',
        name: 'named',
        facts: { kind: 'moved', lookups, reconnectMs, exited: false, old: reconnectMs === null },
      },
    ],
  ] as const;
}
