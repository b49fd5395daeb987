import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

// Asked by Watch and by Check on a connection that was there before the signal, and by Check on new ones as long as any is taken.
// What is said of the server as a whole ('') or of the target's own service counts alike.
export default defineCheck({
  id: 'grpc/health-while-draining',
  level: 'SHOULD',
  antiPattern: 6,
  role: 'server',
  scenario: 'shutdown',
  streams: 'any',
  title: 'SHOULD say NOT_SERVING by grpc.health.v1 once it has the stop signal',
  why: 'Balancers and channels ask for the health, or watch it. A server that says SERVING until it is gone is sent clients that it then cuts.',
  fix: "First thing on the stop signal set the serving status to NOT_SERVING, for '' and for each service (Go: health.Server.Shutdown; Python: enter_graceful_shutdown; Java: HealthStatusManager.enterTerminalState), before the graceful stop.",
  source:
    'health.proto, Watch: "It will then subsequently send a new message whenever the service\'s serving status changes." gRPC\'s health checking guide: a server tells its clients by it that it cannot serve; CHECKLIST',
  measured: { saidMs: 'ms', via: 'check | watch', lastSaid: 'serving status or gRPC status', service: 'name' },
  expect: {},
  judge(history) {
    const signal = history.bites('stop')[0];
    if (!signal) return inconclusive('the stop signal found no living process');
    const said = history.measures('serving');
    const before = said.filter(({ facts }) => facts.sinceSignalMs === null);
    const after = said.filter(({ facts }) => facts.sinceSignalMs !== null);
    const serves = before.filter(({ facts }) => facts.says === 'SERVING');
    if (serves.length === 0) {
      const states = [...new Set(before.map(({ facts }) => String(facts.says)))];
      if (states.includes('NOT_SERVING') || states.includes('UNKNOWN'))
        return inconclusive(`its health was ${states.join(', ')} before the signal`, { because: before });
      const why = states.join(', ') || 'no answer';
      return skipped(`the server has no grpc.health.v1 that knows it or its service (${why})`);
    }
    const told = after.find(({ facts }) => facts.says === 'NOT_SERVING');
    const last = told ?? after.at(-1);
    const measured = {
      saidMs: told ? Number(told.facts.sinceSignalMs) : null,
      via: told ? String(told.facts.via) : null,
      lastSaid: String(last?.facts.says ?? 'nothing'),
      service: String(last?.facts.service ?? ''),
    };
    const because = [signal, ...(last ? [last] : [])];
    if (told)
      return pass(`said NOT_SERVING ${inWords(Number(measured.saidMs))} after the signal, by ${measured.via}`, {
        measured,
        because,
      });
    const still = after.findLast(({ facts }) => facts.says === 'SERVING');
    return fail(
      still
        ? `still said SERVING ${inWords(Number(still.facts.sinceSignalMs))} after the signal`
        : `was SERVING, and ended without saying NOT_SERVING (${measured.lastSaid})`,
      { measured, because },
    );
  },
  examples: { pass: story('NOT_SERVING'), fail: story('SERVING') },
});

function story(says: string): EventBodyAt[] {
  const serving = (t: number, what: string, sinceSignalMs: number | null): EventBodyAt => [
    t,
    { type: 'measure', name: 'serving', facts: { via: 'check', service: '', says: what, sinceSignalMs, first: true } },
  ];
  return [
    serving(0, 'SERVING', null),
    [10, { type: 'fault', fault: 'stop', what: 'bite', who: 's', facts: {} }],
    serving(110, says, 100),
  ];
}
