import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { answerOf, compressionLagMs, directivesOf, LEAST_PARTS, lagsBetween, whyNone } from './lag-evidence.js';

// "The no-transform response directive indicates that an intermediary (regardless of whether it implements a cache) MUST NOT
// transform the content" [RFC 9111 5.2.2.6].
export default defineCheck({
  id: 'sse/transformable-stream',
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  scenario: 'proxied',
  streams: 'any',
  title: 'SHOULD forbid proxies to transform its stream, and send events one by one to who accepts compression',
  why: 'A proxy (or a middleware of the server’s own) that compresses collects bytes until it has enough. Each event then waits for the next one, or for many.',
  fix: 'Send `Cache-Control: no-cache, no-transform` with the stream; leave it out of compression, or flush the compressor behind each event.',
  source: 'RFC 9111 5.2.2.6; measured: HAProxy `compression algo gzip` is late by a whole event (FACTS section 2)',
  measured: { cacheControl: 'as the server sent it', encoding: 'of its own', maxLagMs: 'ms', proxyLagMs: 'ms' },
  expect: { maxLagMs: 500 },
  decidedBy: [['maxLagMs', 'maxLagMs']],
  judge(history, { expect }) {
    const limit = expect.maxLagMs ?? 500;
    const answer = answerOf(history, 'packed');
    if (!answer) return inconclusive(whyNone(history, 'packed'));
    const proxied = lagsBetween(history, 'compressed').filter(({ lagMs, arrived }) => arrived || lagMs > limit);
    const own = compressionLagMs(history, limit);
    const proxyLagMs = proxied.length === 0 ? null : Math.round(Math.max(...proxied.map(({ lagMs }) => lagMs)));
    const encoding = answer.headers?.['content-encoding'] ?? null;
    const cacheControl = answer.headers?.['cache-control'] ?? null;
    const measured = { cacheControl, encoding, maxLagMs: own === undefined ? null : Math.round(own), proxyLagMs };
    const bites = history.bites('compressing-proxy');
    const because = [answer, ...history.measures('compressed'), ...bites];
    if (encoding !== null && own !== undefined && own > limit)
      return fail(`its own compression (${encoding}) held events back for up to ${inWords(own)}`, {
        measured,
        because,
      });
    if (!directivesOf(answer).includes('no-transform')) {
      const seen =
        proxyLagMs !== null && proxyLagMs > limit
          ? `; a compressing proxy made events ${inWords(proxyLagMs)} late`
          : '';
      return fail(`the stream came without \`no-transform\`${seen}`, { measured, because });
    }
    if (bites.length === 0)
      return inconclusive('the compressing proxy did not compress a stream that it should have', { measured, because });
    if (own === undefined || proxied.length < LEAST_PARTS)
      return inconclusive('the server sent too few events to see whether they come one by one', { measured, because });
    if (proxyLagMs !== null && proxyLagMs > limit)
      return inconclusive(`events came ${inWords(proxyLagMs)} late through a proxy that left them alone`, {
        measured,
        because,
      });
    const how = encoding === null ? 'uncompressed' : `compressed (${encoding})`;
    return pass(`\`no-transform\`, and events came one by one, ${how}`, { measured, because });
  },
  examples: { pass: story('no-cache, no-transform'), fail: story('no-cache') },
});

function story(control: string): EventBodyAt[] {
  const headers = { 'content-type': 'text/event-stream', 'cache-control': control };
  const said = (gate: string, hash: string) =>
    ({ type: 'message', gate, conn: 1, dir: 'down', opcode: 'text', form: 'json', bytes: 40, hash }) as const;
  const gates = ['plain', 'packed', 'compressed-behind', 'compressed-near'];
  return [
    [1, { type: 'handshake', gate: 'packed', conn: 1, dir: 'down', status: 200, opens: true, headers }],
    [500, { type: 'fault', fault: 'compressing-proxy', what: 'bite', who: 'compressing-proxy-1', facts: {} }],
    ...['a', 'b', 'c'].flatMap((hash, n) => gates.map((gate, i): EventBodyAt => [1000 * n + i, said(gate, hash)])),
    ...['plain', 'packed', 'compressed'].map(
      (gate): EventBodyAt => [10_000, { type: 'measure', name: 'watched', facts: { gate, conn: 1 } }],
    ),
    [10_001, { type: 'measure', name: 'compressed', facts: { by: 'haproxy' } }],
  ];
}
