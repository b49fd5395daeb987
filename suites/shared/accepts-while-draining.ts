import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

export default defineCheck({
  id: 'accepts-while-draining',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'MUST',
  antiPattern: 6,
  byEnds: true,
  role: 'server',
  scenario: 'shutdown',
  title: 'MUST take no new connections after the stop signal, or have its health check say so',
  why: 'A client that is let in by a server about to die is cut a moment later, and often lands there again: the drain never ends.',
  fix: 'On the stop signal close the listening socket at once, or answer newcomers with 503, or let the health check fail so that the balancer sends nobody.',
  source:
    'CHECKLIST rule 15: straight to the port; refused, non-101/2xx, closed before a message, or port gone all count as refused',
  inProtocol: {
    grpc: {
      title: 'MUST take no new calls on new connections after the stop signal, or have its health say so',
      fix: 'On the stop signal close the listening socket at once (the graceful stop of each library does), or refuse new calls with UNAVAILABLE, or say NOT_SERVING by grpc.health.v1 so that nobody is sent there.',
      source:
        'CHECKLIST rule 15: straight to the port; refused, UNAVAILABLE, closed before a message, or port gone all count as refused; grpc.health.v1 that says NOT_SERVING too',
    },
  },
  measured: {
    knocks: 'connections tried',
    acceptedAfterSignal: 'connections',
    firstAcceptedMs: 'ms',
    healthStatus: 'HTTP status',
  },
  expect: {},
  samples: 'knocks',
  judge(history, { target }) {
    const signal = history.bites('stop')[0];
    if (!signal) return inconclusive('the stop signal found no living process');
    const knocks = history.measures('knock');
    const accepted = knocks.filter(({ facts }) => facts.accepted === true);
    const status = history.measures('health').at(-1)?.facts.status;
    const measured = {
      knocks: knocks.length,
      acceptedAfterSignal: accepted.length,
      firstAcceptedMs: typeof accepted[0]?.facts.atMs === 'number' ? Math.round(accepted[0].facts.atMs) : null,
      healthStatus: typeof status === 'number' ? status : null,
    };
    if (accepted.length === 0) {
      const gone = history.measures('gone')[0];
      if (knocks.length === 0 && !gone)
        return inconclusive('nobody knocked, and it was not seen whether its port was gone', {
          measured,
          because: [signal],
        });
      return pass(
        knocks.length === 0
          ? 'the port was gone before anybody could knock'
          : `refused ${knocks.length} of ${knocks.length} new connections`,
        {
          measured,
          because: [signal, ...knocks.slice(0, 2), ...(gone ? [gone] : [])],
        },
      );
    }
    const unhealthy =
      target.server?.healthUrl !== undefined && typeof status === 'number' && (status === 0 || status >= 500);
    if (unhealthy)
      return pass(`lets clients in, but its health check says ${status || 'nothing'}`, {
        measured,
        because: [signal, ...accepted.slice(0, 1)],
      });
    const leaving = history
      .measures('serving')
      .find(({ facts }) => facts.says === 'NOT_SERVING' && facts.sinceSignalMs !== null);
    if (leaving)
      return pass('lets clients in, but grpc.health.v1 says NOT_SERVING', {
        measured,
        because: [signal, leaving, ...accepted.slice(0, 1)],
      });
    return fail(`let a new client in ${inWords(Number(accepted[0]?.facts.atMs))} after the signal`, {
      measured,
      because: [signal, ...accepted.slice(0, 3)],
    });
  },
  examples: {
    pass: [
      [0, { type: 'fault', fault: 'stop', what: 'bite', who: 's', facts: {} }],
      [500, { type: 'measure', name: 'knock', facts: { atMs: 500, accepted: false, status: 503, why: 'status' } }],
    ],
    fail: [
      [0, { type: 'fault', fault: 'stop', what: 'bite', who: 's', facts: {} }],
      [1500, { type: 'measure', name: 'knock', facts: { atMs: 500, accepted: true, status: null, why: 'open' } }],
    ],
  },
});
