import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';

// "If request's credentials mode is not "include" and origin is `*`, then return success. If the result of byte-serializing a
// request origin with request is not origin, then return failure. ... If credentials is `true`, then return success." [WHATWG
// Fetch, CORS check]: a page that sends cookies reads only what names its own origin and allows credentials; `*` names none.
export default defineCheck({
  id: 'sse/cross-origin',
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  streams: 'any',
  scenario: 'arrivals',
  title: 'SHOULD let no page of just any host read the stream with its cookies',
  why: 'EventSource with withCredentials sends the cookies of whoever is looking. A server that echoes each Origin and allows credentials lets every page on the web read the stream as its visitors.',
  fix: 'Answer Access-Control-Allow-Origin only for origins of a list of your own (express cors: origin: [...]; Starlette: allow_origins), or * without credentials where the stream is public.',
  source: 'CHECKLIST cross-origin; WHATWG Fetch, CORS check; WHATWG HTML 9.2.2 (withCredentials)',
  measured: { status: 'HTTP status', allows: 'this origin | any | another | none', credentials: 'allowed' },
  expect: {},
  judge(history) {
    const seen = history.measures('origin')[0];
    if (!seen) return inconclusive('no request from another host was tried');
    const { refused, status, allows, credentials } = seen.facts;
    const measured = { status: status ?? null, allows: allows ?? null, credentials: credentials ?? null };
    const facts = { measured, because: [seen] };
    if (refused === true) {
      if (history.measures('arrivals')[0]?.facts.opened === 0) return inconclusive('no stream could be opened', facts);
      if (status === 429 || status === 503) return inconclusive(`HTTP ${status} says nothing about the Origin`, facts);
      return pass(`refused Origin: https://evil.example (HTTP ${status ?? 'reset'})`, facts);
    }
    if (allows === 'this origin' && credentials === true)
      return fail('echoes Origin: https://evil.example, and allows credentials', facts);
    if (allows === 'this origin') return pass('echoes any Origin, but allows no credentials', facts);
    if (allows === 'any')
      return pass(
        `allows *${credentials === true ? ' with credentials, which browsers refuse' : ''}: no page reads it with cookies`,
        facts,
      );
    return pass(`allows ${allows === 'none' ? 'no other host' : 'an origin of its own'}`, facts);
  },
  examples: { pass: story(false), fail: story(true) },
});

function story(credentials: boolean) {
  const facts = { refused: false, status: 200, allows: 'this origin', credentials };
  return [[1, { type: 'measure', name: 'origin', facts }]] as const;
}
