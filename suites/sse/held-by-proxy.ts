import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { LEAST_PARTS, lagsBetween, noiseOf, whyNone } from './lag-evidence.js';

/** One alone may have met a pause of the proxy's own. */
const LEAST_LATE = 2;

export default defineCheck({
  id: 'sse/held-by-proxy',
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  scenario: 'proxied',
  streams: 'any',
  title: 'SHOULD get each event through nginx with its defaults within 500 ms',
  why: 'nginx collects an answer in buffers of 4 KiB before it passes it on, and speaks HTTP/1.0 to the server. Small events then come minutes late and in heaps, in production only.',
  fix: 'Send `X-Accel-Buffering: no` with the stream; or set in the proxy, for its location: `proxy_buffering off; proxy_http_version 1.1; proxy_set_header Connection "";`.',
  source:
    'nginx, proxy_buffering: "When buffering is enabled, nginx receives a response from the proxied server as soon as possible, saving it into the buffers"; "can also be enabled or disabled by passing “yes” or “no” in the “X-Accel-Buffering” response header field"; measured: FACTS section 2',
  measured: { maxLagMs: 'ms', late: 'events', events: 'events', proxy: 'nginx | ours' },
  expect: { maxLagMs: 500 },
  samples: 'events',
  decidedBy: [['maxLagMs', 'maxLagMs']],
  judge(history, { expect }) {
    const limit = expect.maxLagMs ?? 500;
    const lags = lagsBetween(history, 'held');
    const noise = noiseOf(history);
    const late = lags.filter(({ lagMs }) => lagMs > limit + noise);
    // What was sent in the last moment could not have come yet, nor is it known to be late.
    const known = lags.filter(({ lagMs, arrived }) => arrived || lagMs > limit);
    const [proxied] = history.measures('held');
    const by = String(proxied?.facts.by ?? '');
    const measured = {
      maxLagMs: known.length === 0 ? null : Math.round(Math.max(...known.map(({ lagMs }) => lagMs))),
      late: late.length,
      events: lags.length,
      proxy: by,
    };
    if (!proxied || lags.length === 0)
      return inconclusive(whyNone(history, 'held-behind'), { measured, because: history.of('handshake') });
    if (history.bites('buffering-proxy').length === 0)
      return inconclusive('the proxy did not hold back a stream that should have been', { measured });
    if (lags.length < LEAST_PARTS) return inconclusive(`the server sent only ${lags.length} events`, { measured });
    const name = by === 'nginx' ? 'nginx with its defaults' : 'a proxy like nginx with its defaults';
    const because = [...late.slice(0, 3).map(({ event }) => event), proxied];
    if (known.every(({ lagMs }) => lagMs <= limit))
      return pass(`each of ${known.length} events came through ${name} within ${inWords(measured.maxLagMs ?? 0)}`, {
        measured,
        because: [...lags.slice(0, 3).map(({ event }) => event), proxied],
      });
    if (late.length < LEAST_LATE)
      return inconclusive(
        `this machine was too busy: what nobody held back was up to ${inWords(noise)} late, and events of the server ${inWords(measured.maxLagMs ?? 0)}`,
        { measured, because },
      );
    const none = lags.every(({ arrived }) => !arrived) ? '; nothing came at all while it was watched' : '';
    return fail(
      `${name} held back ${late.length} of ${lags.length} events, for up to ${inWords(measured.maxLagMs ?? 0)}${none}`,
      { measured, because },
    );
  },
  examples: { pass: story(5), fail: story(3800) },
});

function story(lagMs: number): EventBodyAt[] {
  const said = (gate: string, hash: string) =>
    ({ type: 'message', gate, conn: 1, dir: 'down', opcode: 'text', form: 'json', bytes: 40, hash }) as const;
  return [
    ...['a', 'b', 'c', 'd'].flatMap((hash, n): EventBodyAt[] => [
      [1000 * n, said('held-behind', hash)],
      [1000 * n + lagMs, said('held-near', hash)],
    ]),
    [900, { type: 'fault', fault: 'buffering-proxy', what: 'bite', who: 'buffering-proxy-1', facts: {} }],
    [11_000, { type: 'measure', name: 'watched', facts: { gate: 'held', conn: 1 } }],
    [11_001, { type: 'measure', name: 'held', facts: { by: 'nginx', freeLagMs: 3 } }],
  ];
}
