import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

/** A server may look a moment before the time. */
const EARLY_MS = 1000;

export default defineCheck({
  id: 'outlives-token',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['client-streaming', 'server-streaming', 'bidirectional'],
  inProtocol: {
    grpc: {
      why: 'A streaming call is made once and may live for days. Where the credential is looked at in its metadata alone, who was locked out in the morning still gets the messages of the evening.',
      fix: "Set a timer for the credential's end when the call begins, and end it with UNAUTHENTICATED then; the client issues it again with a fresh one.",
    },
    sse: {
      why: 'A stream is opened once and may live for days. Where the credential is looked at in the request alone, who was locked out in the morning still gets the events of the evening.',
      fix: "Set a timer for the credential's end when the stream opens, and end it then; the client comes back with a fresh one, or is answered 401.",
    },
  },
  level: 'MAY',
  antiPattern: 2,
  role: 'server',
  scenario: 'expiry',
  title: 'MAY end a session within 60 s of the end of its credential',
  why: 'A WebSocket is opened once and lives for days. Where the credential is looked at in the handshake alone, who was locked out in the morning still gets the messages of the evening.',
  fix: "Set a timer for the credential's end when the session opens, and close with 1008 or 4401 then; the client comes back with a fresh one.",
  source: 'CHECKLIST outlives-token: 60 s after the declared end; a timer of 60,000 ms is never exact',
  measured: { openMs: 'ms', expiresAfterMs: 'ms', closeCode: 'code' },
  /** The credential's life from the opening of its session, as the target's `expect` declares it. */
  expect: { expiresAfterMs: 0, maxOverMs: 61_000 },
  scaled: ['maxOverMs'],
  unless: ({ auth, expect, protocol }) => {
    if (auth === undefined || auth.in === 'none') return 'needs --auth';
    if ((expect[`${protocol}/outlives-token`]?.expiresAfterMs ?? 0) > 0) return undefined;
    return 'needs expect.expiresAfterMs in a config: how long the credential is good once its session is open';
  },
  judge(history, { expect }) {
    const seen = history.measures('expiry')[0];
    if (!seen) {
      const obstacle = history.of('obstacle').find(({ code }) => code === 'TOO_LONG');
      return inconclusive(obstacle?.text ?? 'no session was opened');
    }
    const afterMs = Number(seen.facts.afterMs);
    const openMs = Number(seen.facts.openMs);
    const measured = { openMs: Math.round(openMs), expiresAfterMs: afterMs, closeCode: seen.facts.closeCode ?? null };
    const because = [seen];
    if (seen.facts.ended !== true || openMs - afterMs > (expect.maxOverMs ?? 61_000))
      return fail(`the session lived on ${inWords(openMs - afterMs)} after its credential`, { measured, because });
    if (openMs < afterMs - EARLY_MS)
      return inconclusive(`the session ended after ${inWords(openMs)}, before its credential did`, {
        measured,
        because,
      });
    return pass(`ended ${inWords(Math.max(0, openMs - afterMs))} after its credential`, { measured, because });
  },
  examples: { pass: story(true, 31_000), fail: story(false, 92_000) },
});

function story(ended: boolean, openMs: number) {
  const facts = { afterMs: 30_000, openMs, ended, closeCode: ended ? 4401 : null };
  return [[openMs, { type: 'measure', name: 'expiry', facts }]] as const;
}
