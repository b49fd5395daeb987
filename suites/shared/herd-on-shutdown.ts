import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords, peakIn } from '../../harness/numbers.js';

// What a client does with its own jitter is judged at the client (no-jitter, herd-retry); a server serves whoever comes.
export default defineCheck({
  id: 'herd-on-shutdown',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'SHOULD',
  antiPattern: 6,
  role: 'server',
  scenario: 'rolling-restart',
  title: 'SHOULD send its clients away spread over the drain, or tell them how long to wait',
  why: 'Clients that are sent away in one instant come back in one instant, and the copy that takes over has all their handshakes at once: about 2,000 TLS handshakes a second are what a core can do.',
  fix: 'Say goodbye to one client after another over the drain (30 s for ten thousand), or put a random delay into the reason of the close frame (1012, "retry in 17 s"), a message before it, or the `retry:` of an event.',
  source:
    'CHECKLIST; IANA registry of close codes, 1012 as defined on the hybi list: "a client may reconnect, and if it choses to do, should reconnect using a randomized delay of 5 - 30s". WHATWG HTML 9.2.3: "Wait a delay equal to the reconnection time of the event source"',
  inProtocol: {
    grpc: {
      fix: "End one call after another over the drain (30 s for ten thousand), or ask for a random delay in its trailers (grpc-retry-pushback-ms, or RetryInfo), which a client's retry policy heeds.",
      source:
        'CHECKLIST; gRPC retry design A6: "Servers may explicitly pushback by setting metadata in their response to the client", grpc-retry-pushback-ms',
    },
  },
  measured: { clients: 'sessions', closesPer100ms: 'sessions', spreadMs: 'ms', delayMs: 'ms', delaySpreadMs: 'ms' },
  expect: { maxShare: 0.5, windowMs: 100, minSpreadMs: 1000, minClients: 50, told: 0.9, maxBusy: 0.8 },
  samples: 'clients',
  decidedBy: [['spreadMs', 'minSpreadMs']],
  scaled: ['windowMs', 'minSpreadMs'],
  judge(history, { expect }) {
    const { maxShare = 0.5, windowMs = 100, minSpreadMs = 1000, minClients = 50, told = 0.9, maxBusy = 0.8 } = expect;
    const signal = history.bites('rolling-restart')[0];
    if (!signal) return inconclusive('the stop signal found no living process');
    const crowd = history.measures('crowd')[0];
    if (!crowd) return inconclusive('the sessions were not watched to their end', { because: [signal] });
    const left = history.samples('left');
    const open = Number(crowd.facts.open);
    const peak = peakIn(left, windowMs);
    const spreadMs = left.length > 0 ? Math.max(...left) - Math.min(...left) : null;
    const { minDelayMs, maxDelayMs } = crowd.facts;
    const delayMs = typeof minDelayMs === 'number' ? minDelayMs : null;
    const measured = {
      clients: open,
      closesPer100ms: peak,
      spreadMs: spreadMs === null ? null : Math.round(spreadMs),
      delayMs,
      delaySpreadMs: delayMs === null ? null : Number(maxDelayMs) - delayMs,
    };
    const seen = { measured, because: [signal, crowd] };
    if (open < minClients)
      return inconclusive(`only ${open} of ${crowd.facts.asked} sessions were open: too few to tell a herd`, seen);
    if (left.length === 0) return skipped('follows from hung-shutdown: nobody was sent away', { measured });
    const window = inWords(windowMs);
    const within = inWords(spreadMs ?? 0);
    // Native clients of SSE come back when they were told to, in whichever instant they were sent away.
    const waits = Number(crowd.facts.usual) >= told * open;
    const ended = waits ? 'are sent to come back' : 'ended';
    const said = `${peak} of ${open} sessions ${ended} within ${window}`;
    if (Number(crowd.facts.delays) >= told * open)
      return pass(`${said}, told to wait ${inWords(Number(minDelayMs))} to ${inWords(Number(maxDelayMs))}`, seen);
    // What is seen late is seen at once: the ends of a peak may lie as much further apart as we were late, and so may all.
    const lag = Math.max(0, ...history.of('loop').flatMap(({ t, maxMs }) => (t > signal.t ? [maxMs] : [])));
    const span = peak >= told * open ? 2 * windowMs : Number(spreadMs);
    if (peak > maxShare * open && lag > windowMs / 2 && span + lag >= minSpreadMs)
      return inconclusive(`${said}; the harness itself was late by ${inWords(lag)}`, seen);
    if (peak > maxShare * open) {
      // The code by itself asks for a random delay, in a definition that few clients follow.
      return Number(crowd.facts.restarts) >= told * open
        ? inconclusive(`${said} with 1012, whose definition asks for 5 to 30 s, and no time in words`, seen)
        : fail(`${said}, all within ${within}, and were told no time to wait`, seen);
    }
    if (left.length < told * open)
      return inconclusive(`only ${left.length} of ${open} sessions were ended while it was watched`, seen);
    if (spreadMs === null || spreadMs < minSpreadMs)
      return inconclusive(
        `its ${open} sessions ${ended} within ${within}: a pace or a slow loop? --clients tells`,
        seen,
      );
    // A peak that came while the harness stood still is seen spread over that time.
    if (!waits && spreadMs - lag < minSpreadMs)
      return inconclusive(
        `its ${open} sessions ${ended} within ${within}; the harness was late by ${inWords(lag)}`,
        seen,
      );
    if (waits) return pass(`${said} at most, over ${within}: each by the \`retry:\` that it was given`, seen);
    return Number(crowd.facts.busyMs) > maxBusy * spreadMs
      ? inconclusive(`its ${open} sessions ended over ${within}, and it was busy all the while: no pace`, seen)
      : pass(`ended its ${open} sessions over ${within}, at most ${peak} in ${window}`, seen);
  },
  examples: { pass: story(10), fail: story(0.1) },
});

function story(gapMs: number): EventBodyAt[] {
  const left = Array.from({ length: 200 }, (_, i) => 20 + i * gapMs);
  const crowd = { asked: 200, open: 200, left: 200, busyMs: 9, restarts: 0, usual: 0 };
  const facts = { ...crowd, delays: 0, minDelayMs: null, maxDelayMs: null };
  return [
    [0, { type: 'fault', fault: 'rolling-restart', what: 'bite', who: 's', facts: {} }],
    [3000, { type: 'samples', name: 'left', unit: 'ms', values: left }],
    [3000, { type: 'measure', name: 'crowd', facts }],
  ];
}
