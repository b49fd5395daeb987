import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';

const ENHANCE_YOUR_CALM = 11;

// "A server sends a GOAWAY with ENHANCE_YOUR_CALM if the client sends too many misbehaving pings" [gRPC, keepalive.md]
export default defineCheck({
  id: 'grpc/ping-strike',
  level: 'MAY',
  antiPattern: null,
  role: 'server',
  patterns: ['client-streaming', 'server-streaming', 'bidirectional'],
  scenario: 'keepalive-pings',
  title: 'MAY let a client send a PING every 30 s on an idle call',
  why: 'By default Go, Java and C-core servers take a PING every five minutes, and end the connection of a client that has its keepalive set to less: with all its calls, and again after each reconnect. Such a client cannot find a dead link in time.',
  fix: 'Allow it: keepalive.EnforcementPolicy{MinTime: 10 * time.Second} in Go, permitKeepAliveTime in Java, grpc.http2.min_ping_interval_without_data_ms in C-core and its dependants; or tell clients the smallest interval.',
  source:
    'CHECKLIST ping-strike; gRPC, keepalive.md: "If a client sends pings more often than the server is willing to accept, the connection will be terminated with a GOAWAY frame with \\"too_many_pings\\" as the debug data"',
  measured: { smallestIntervalS: 's, of those that were tried and allowed', pings: 'until the GOAWAY' },
  expect: { intervalS: 30 },
  judge(history, { expect }) {
    const intervalS = expect.intervalS ?? 30;
    const tried = history.measures('pinged');
    const at = tried.find(({ facts }) => facts.everyS === intervalS);
    if (!at) return inconclusive('no call was opened on which PINGs could be sent');
    const allowed = tried.filter(({ facts }) => facts.open === true && facts.answered === facts.sent);
    const smallest = Math.min(...allowed.map(({ facts }) => Number(facts.everyS)));
    // Who takes them oftener takes these, though its calls may be over sooner than five of them.
    const shown = allowed.find(({ facts }) => facts.everyS === Math.min(smallest, intervalS));
    const calmed = at.facts.goaway === ENHANCE_YOUR_CALM;
    const measured = {
      smallestIntervalS: Number.isFinite(smallest) ? smallest : null,
      pings: calmed ? Number(at.facts.sent) : null,
    };
    const goaways = history.of('frame').filter(({ frame, code }) => frame === 'GOAWAY' && code === ENHANCE_YOUR_CALM);
    const because = [at, ...(shown ? [shown] : []), ...goaways.filter(({ gate }) => gate === `pings-${intervalS}`)];
    if (calmed)
      return fail(`ENHANCE_YOUR_CALM after ${at.facts.sent} PINGs, one every ${intervalS} s`, { measured, because });
    if (!shown)
      return inconclusive('the server ended the call, or left a PING unanswered, for another reason', {
        measured,
        because,
      });
    const heard = history
      .of('message')
      .some(({ gate, dir, opcode }) => gate === `pings-${smallest}` && dir === 'down' && opcode === 'binary');
    const note = heard ? '; it sent messages meanwhile, which may have set its count back' : '';
    return pass(`took ${shown.facts.sent} PINGs, one every ${smallest} s${note}`, { measured, because });
  },
  examples: { pass: story(true, null), fail: story(false, ENHANCE_YOUR_CALM) },
});

function story(open: boolean, goaway: number | null): EventBodyAt[] {
  const facts = { everyS: 30, sent: open ? 5 : 4, answered: open ? 5 : 4, open, goaway };
  return [[120_000, { type: 'measure', name: 'pinged', facts }]];
}
