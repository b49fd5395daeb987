import { whyRefused } from './refusal.js';
import { STORY_TARGET } from './story.js';

const said = (reason: string, status?: number) =>
  whyRefused({ refused: true, status, reason }, STORY_TARGET, '127.0.0.1:1');

test.each<[string, number | undefined, RegExp]>([
  ['HTTP 404', 404, /^the server at 127.0.0.1:1 refused a websocket handshake at \/: HTTP 404 \(.*--path\)$/],
  ['HTTP 401', 401, /--auth/],
  ['HTTP 403', 403, /--auth "Origin: /],
  ['HTTP 400', 400, /--protocol websocket\/NAME/],
  ['self-signed certificate', undefined, /self-signed certificate \(.*--ca FILE, or use --insecure\)$/],
  ['unable to verify the first certificate', undefined, /--ca/],
  ['Opening handshake has timed out', undefined, /answered nothing/],
  ['socket hang up', undefined, /wss:\/\//],
  ['Parse Error: Expected HTTP/', undefined, /WebSocket server\?/],
  ['Invalid Sec-WebSocket-Accept header', undefined, /Accept header \(/],
])('a refusal by %s names its remedy', (reason, status, sentence) => {
  expect(said(reason, status)).toMatch(sentence);
});

test('what OpenSSL prints for a server without TLS is told in words, on one line', () => {
  const openssl = 'write EPROTO 806C:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:x.c:350:\n';
  expect(said(openssl)).toMatch(/: it does not speak TLS there \(give a ws:\/\/ URL\)$/);
});
