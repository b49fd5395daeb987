import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

// "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint MUST send a Close frame in
// response." [RFC 6455 5.5.1] That the server is to end TCP, and to do so first, stands in 5.5.1 and 7.1.1; judged as a SHOULD.
export default defineCheck({
  id: 'websocket/no-close-handshake',
  level: 'MUST',
  antiPattern: null,
  role: 'server',
  scenario: 'manners',
  title: 'MUST answer a close frame with one, and should then end TCP within 5 s',
  why: 'A client that closes waits for the answer to know that everything before it has arrived; without it each goodbye ends in a timeout and looks like a failure.',
  fix: 'Let the library answer (keep reading until it says that the connection is closed), and let the server end TCP.',
  source: 'RFC 6455 5.5.1 and 7.1.1',
  measured: { answerMs: 'ms', endMs: 'ms', code: 'code' },
  expect: { maxEndMs: 5000 },
  decidedBy: [['endMs', 'maxEndMs']],
  judge(history, { expect }) {
    const closes = history.measures('closes')[0];
    const watched = history.measures('closed')[0];
    if (!closes || !watched) return inconclusive('no session was closed');
    const { conn } = closes.facts;
    const ours = (event: { readonly gate: string; readonly conn: number }) =>
      event.gate === 'manners' && event.conn === conn;
    const frames = history.of('message').filter((event) => ours(event) && event.opcode === 'close');
    const sent = frames.find(({ dir }) => dir === 'up');
    const answer = frames.find(({ dir }) => dir === 'down');
    const end = history.of('connection').find((event) => ours(event) && event.what === 'end');
    const unread = history.of('undecodable').find(ours);
    if (unread) return inconclusive(`what was sent could not be decoded: ${unread.reason}`, { because: [unread] });
    if (!sent) return inconclusive('our close frame was not seen on its way', { because: [watched] });
    if (answer && answer.t < sent.t)
      return inconclusive('the server had closed the session itself', { because: [answer] });
    const endMs = end && end.what === 'end' && end.by === 'server' ? Math.round(end.t - sent.t) : null;
    const measured = {
      answerMs: answer ? Math.round(answer.t - sent.t) : null,
      endMs,
      code: answer?.closeCode ?? null,
    };
    const because = [sent, ...(answer ? [answer] : []), ...(end ? [end] : [])];
    if (!answer)
      return fail(
        endMs === null ? 'left a close frame without an answer' : 'ended TCP without answering the close frame',
        { measured, because },
      );
    if (endMs === null || endMs > (expect.maxEndMs ?? 5000))
      return fail(`answered after ${inWords(answer.t - sent.t)}, and did not end TCP within 5 s`, {
        measured,
        because,
        level: 'SHOULD',
      });
    return pass(`answered after ${inWords(answer.t - sent.t)}, ended TCP after ${inWords(endMs)}`, {
      measured,
      because,
      settledBy: watched,
    });
  },
  examples: { pass: story(true), fail: story(false) },
});

function story(answers: boolean): EventBodyAt[] {
  const close = {
    type: 'message',
    gate: 'manners',
    conn: 3,
    opcode: 'close',
    bytes: 2,
    hash: '',
    closeCode: 1000,
  } as const;
  const end = { by: 'server', how: 'FIN', upBytes: 9, downBytes: 9 } as const;
  return [
    [1, { type: 'measure', name: 'closes', facts: { conn: 3 } }],
    [2, { ...close, dir: 'up' }],
    ...(answers ? [[3, { ...close, dir: 'down' }] as const] : []),
    [4, { type: 'connection', gate: 'manners', conn: 3, what: 'end', ...end }],
    [5, { type: 'measure', name: 'closed', facts: { conn: 3, watchedMs: 6000 } }],
  ];
}
