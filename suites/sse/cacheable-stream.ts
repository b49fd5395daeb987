import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { answerOf, directivesOf, whyNone } from './lag-evidence.js';

/** Each keeps a shared cache from giving it to another client [RFC 9111 5.2.2.4, 5.2.2.5, 5.2.2.7]. */
const FORBIDDING = ['no-cache', 'no-store', 'private'];
const EXPIRED = ['max-age=0', 's-maxage=0'];
const REVALIDATED = ['must-revalidate', 'proxy-revalidate'];

// "When an HTTP response's Cache-Control has no-store … A cache MUST NOT store any part of either the immediate request or the
// response"; no-cache: "MUST NOT be used to satisfy any other request without forwarding it for validation"; private: "a shared
// cache MUST NOT store the response" [RFC 9111 5.2.2].
export default defineCheck({
  id: 'sse/cacheable-stream',
  level: 'MUST',
  antiPattern: null,
  role: 'server',
  scenario: 'proxied',
  title: 'MUST forbid caches to keep its stream, and give it to no second client',
  why: 'A cache between server and users keeps what nothing forbids it to keep. The next user gets the events that were meant for the first one, of long ago.',
  fix: 'Send `Cache-Control: no-cache` (or `no-store`) with the stream.',
  source: 'RFC 9111 5.2.2; nginx, proxy_cache_valid: what the answer says of caches "has higher priority"',
  measured: { cacheControl: 'as the server sent it', contentType: 'as the server sent it', shared: 'yes or no' },
  expect: {},
  unless: ({ subscribe }) =>
    subscribe?.in === 'message' ? 'it answers a POST, which no cache keeps [RFC 9111 2, RFC 9110 9.3.3]' : undefined,
  judge(history) {
    const answer = answerOf(history, 'plain') ?? answerOf(history, 'cached-behind');
    if (!answer) return inconclusive(whyNone(history, 'plain'));
    const [second] = history.measures('second client');
    const shared = second && second.facts.asked !== true;
    const said = answer.headers?.['cache-control'] ?? null;
    const measured = {
      cacheControl: said,
      contentType: answer.headers?.['content-type'] ?? null,
      shared: shared === undefined ? null : shared ? 'yes' : 'no',
    };
    const bites = history.bites('caching-proxy');
    const because = [answer, ...(second ? [second] : []), ...bites];
    if (shared) {
      const by = second.facts.by === 'nginx' ? 'nginx with proxy_cache' : 'a caching proxy';
      return fail(`a second client of ${by} got the stream of the first one`, { measured, because });
    }
    const directives = directivesOf(answer);
    const has = (names: readonly string[]) => names.find((name) => directives.includes(name));
    const forbidding = has(FORBIDDING) ?? (has(REVALIDATED) && has(EXPIRED));
    if (forbidding === undefined) {
      if (has(EXPIRED))
        return inconclusive(
          `\`${said}\` lets a cache give it to others when it cannot reach the server [RFC 9111 4.2.4]: say no-cache`,
          { measured, because },
        );
      const how = said === null ? 'no Cache-Control' : `\`Cache-Control: ${said}\`, which forbids caches nothing`;
      return fail(`the stream came with ${how}`, { measured, because });
    }
    if (!second) {
      const refused = history.of('obstacle').find(({ code }) => code === 'REFUSED');
      return inconclusive(refused?.text ?? 'no stream was opened through a caching proxy', { measured, because });
    }
    if (bites.length === 0)
      return inconclusive('the caching proxy did not keep a stream that it should have kept', { measured, because });
    return pass(`\`${forbidding}\`, and a second client behind a cache had a stream of its own`, { measured, because });
  },
  examples: { pass: story('no-cache'), fail: story('no-transform') },
});

function story(control: string): EventBodyAt[] {
  const headers = { 'content-type': 'text/event-stream', 'cache-control': control };
  return [
    [1, { type: 'handshake', gate: 'plain', conn: 1, dir: 'down', status: 200, opens: true, headers }],
    [900, { type: 'fault', fault: 'caching-proxy', what: 'bite', who: 'caching-proxy-1', facts: {} }],
    [3000, { type: 'measure', name: 'second client', facts: { by: 'nginx', whole: false, asked: true } }],
  ];
}
