import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

// Over loopback all clients have one address, as behind a NAT: what is asked for is any limit below 1,100 open connections, by
// rate or by number. A handshake that is never answered may lie in a queue (a limit) or before a server that cannot follow.
export default defineCheck({
  id: 'no-connection-limit',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  scenario: 'limits',
  title: 'SHOULD limit the connections of one client, and say so: 200 a second',
  why: 'Each connection costs memory and a descriptor. One client that reconnects in a loop, without closing what it had, takes them all, and everybody else is refused.',
  fix: 'Limit open connections and connects a second for each address or user: 429 in the handshake, or over WebSocket a close with 1008 or 1013; or let the proxy in front do it (nginx: limit_conn, limit_req) and check through it.',
  source:
    'CHECKLIST; RFC 6585 4: "The 429 status code indicates that the user has sent too many requests in a given amount of time"',
  inProtocol: {
    grpc: {
      title: 'SHOULD limit the connections, or calls, of one client, and say so: 200 a second',
      why: 'Each connection and each stream costs memory and a descriptor. One client that opens channels in a loop, without closing what it had, takes them all, and everybody else is refused.',
      fix: 'Limit open connections or calls for each address or user: RESOURCE_EXHAUSTED or UNAVAILABLE from an interceptor, GOAWAY with ENHANCE_YOUR_CALM; or let the proxy in front do it (nginx: limit_conn, limit_req) and check through it. MAX_CONCURRENT_STREAMS limits one connection alone.',
      source:
        'CHECKLIST; statuscodes.md, RESOURCE_EXHAUSTED: "Some resource has been exhausted, perhaps a per-user quota"',
    },
  },
  measured: { limitedAt: 'connections', made: 'connections', told: 'connections' },
  expect: { minPerS: 100 },
  samples: 'made',
  judge(history, { expect }) {
    const crowd = history.measures('connections')[0];
    if (!crowd) return inconclusive('no connections were made');
    const { made, tookMs, told, mute, unanswered, left, otherStatus, limitedAt, alive } = crowd.facts;
    const measured = { limitedAt: limitedAt ?? null, made: Number(made), told: Number(told) };
    const seen = { measured, because: [crowd] };
    const inTime = `${made} connections in ${inWords(Number(tookMs))}`;
    if (alive === false) return fail(`the server died of ${inTime}`, seen);
    if (Number(told) > 0) return pass(`said so from connection ${limitedAt} on, after ${inTime}`, seen);
    if (otherStatus !== null)
      return inconclusive(`refused with ${otherStatus} from connection ${limitedAt} on: why is not said`, seen);
    if (Number(unanswered) > 0)
      return inconclusive(`left ${unanswered} of ${inTime} unanswered: a queue, or more than it can do`, seen);
    if (Number(mute) > 0)
      return fail(`ended ${mute} of ${inTime} without a word, from connection ${limitedAt} on`, seen);
    if (Number(left) > 0) return inconclusive(`ended ${left} of ${inTime} when they were seconds old`, seen);
    if (Number(made) < ((expect.minPerS ?? 100) * Number(tookMs)) / 1000)
      return inconclusive(`only ${inTime} could be made`, seen);
    return fail(`took all ${inTime} from one address`, seen);
  },
  examples: { pass: story(40), fail: story(0) },
});

function story(told: number): EventBodyAt[] {
  const made = 1100 - told;
  const rest = { mute: 0, unanswered: 0, left: 0, otherStatus: null, limitedAt: told > 0 ? made : null, alive: true };
  return [[0, { type: 'measure', name: 'connections', facts: { made, tookMs: 5500, open: made, told, ...rest } }]];
}
