import type { Random } from '../random.js';
import { type Garbage, type GarbageStage, named, noise, times } from './garbage-bytes.js';
import { garbageHandshakes, type HandshakeWords } from './garbage-handshakes.js';

const KIB = 1024;
const WORDS: HandshakeWords = {
  missing: ['Host', 'Accept', 'Cache-Control'],
  lines: [
    // "U+0000 NULL" is what an id never has [WHATWG HTML 9.2.6]; the rest no server of ours has sent.
    'Last-Event-ID: \0',
    'Last-Event-ID: ',
    'Last-Event-ID: -1',
    'Last-Event-ID: 0',
    'Last-Event-ID: 99999999999999999999999999',
    'Last-Event-ID: 1e400',
    'Last-Event-ID: NaN',
    'Last-Event-ID: __proto__',
    'Last-Event-ID: constructor',
    'Last-Event-ID: %00%ff%zz',
    'Last-Event-ID: {"id":[[[[',
    'Last-Event-ID: \xff\xfe\xfd',
    'Last-Event-ID: 1,2,3;4=5',
    "Last-Event-ID: ' OR 1=1 --",
    'Last-Event-ID: ../../etc/passwd',
    `Last-Event-ID: ${'9'.repeat(5000)}`,
    'Accept: ',
    'Accept: text/html',
    'Accept: ,,,;;;q=q',
    'Accept: text/event-stream;q=9e99',
    `Accept: ${'text/event-stream, '.repeat(300)}*/*`,
    'Accept-Encoding: gzip;q=9, br;q=x, *;q=-1',
    'Accept-Encoding: constructor',
    'Accept-Language: \xff;q=nan',
    'Range: bytes=0-',
    'Range: bytes=9-1,,-',
    'If-None-Match: ",,,*',
    'If-Modified-Since: yesterday',
    'Authorization: Bearer',
    'Authorization: Basic \xff\xff',
    'Content-Type: ;;;',
    'Content-Length: 10, 11',
    'Content-Encoding: gzip',
    'Transfer-Encoding: gzip, chunked, identity',
    'TE: trailers, x;q=q',
    'Trailer: Host',
    'Upgrade: websocket',
    'Upgrade: h2c',
    'HTTP2-Settings: \xff',
    'Connection: upgrade, close, keep-alive',
    'Keep-Alive: timeout=-1, max=x',
    'Proxy-Connection: ,',
    'X-Forwarded-Proto: https, \xff',
  ],
  twice: ['Host: other', 'Accept: text/html', 'Last-Event-ID: 1', 'Last-Event-ID: 2'],
};

export function garbageForEventStream(
  random: Random,
  good: readonly string[],
): readonly (readonly [GarbageStage, readonly Garbage[]])[] {
  return [
    ['handshake', [...garbageHandshakes(random, good, WORDS), ...garbageBodies(random, good)]],
    ['session', garbageAfterwards(random, good)],
  ];
}

/** A body where none is asked for, and bodies that are none. */
function garbageBodies(random: Random, good: readonly string[]): Garbage[] {
  const [request = '', ...headers] = good;
  const path = request.split(' ')[1] ?? '/';
  const unsized = headers.filter((line) => !/^content-(?:length|type):/i.test(line));
  const posted = (extra: readonly string[], body: Buffer | string) =>
    Buffer.concat([
      Buffer.from(`${[`POST ${path} HTTP/1.1`, ...unsized, ...extra].join('\r\n')}\r\n\r\n`, 'latin1'),
      Buffer.from(body),
    ]);
  const json = (text: string | Buffer) =>
    posted(['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`], text);
  const chunked = (body: string | Buffer) => posted(['Transfer-Encoding: chunked'], body);
  return [
    ...['', '{', 'null', '[]', '"', '{"__proto__":{"x":1}}', '{"a":1e999}', '\0', '\ufeff{}', '['.repeat(20 * KIB)].map(
      (text) => named(`a body of ${JSON.stringify(text.slice(0, 20))}`, json(text)),
    ),
    named('a body of random bytes', json(noise(random, 100, 2000))),
    named('a body of 1 MiB', json('x'.repeat(KIB * KIB))),
    ...[
      'zz\r\nhi\r\n0\r\n\r\n',
      '-1\r\n',
      'ffffffffffffffff\r\nhi',
      '5\r\nhi',
      '2;x=\0\r\nhi\r\n0\r\nHost: x\r\n\r\n',
      '\r\n\r\n',
    ].map((body) => named(`the chunks ${JSON.stringify(body.slice(0, 30))}`, chunked(body))),
    named('chunks of random bytes', chunked(noise(random, 10, 500))),
    named(
      'both a length and chunks',
      posted(['Content-Length: 4', 'Transfer-Encoding: chunked'], '0\r\n\r\nGET / HTTP/1.1\r\n\r\n'),
    ),
    named('a body shorter than its length', posted(['Content-Length: 5000'], 'half')),
    ...['HEAD', 'OPTIONS', 'TRACE', 'DELETE', 'PATCH', 'QUERY'].map((method) =>
      named(
        `${method} in place of GET`,
        Buffer.from(`${[`${method} ${path} HTTP/1.1`, ...unsized].join('\r\n')}\r\n\r\n`),
      ),
    ),
  ];
}

/** What comes behind a good request, while its events are sent. */
function garbageAfterwards(random: Random, good: readonly string[]): Garbage[] {
  const again = `${good.join('\r\n')}\r\n\r\n`;
  return [
    ...times(40, () => named('random bytes behind a request', noise(random, 1, 2048))),
    ...times(20, () =>
      named('half a second request', Buffer.from(again).subarray(0, random.integer(1, again.length - 1))),
    ),
    named('a second request on the same connection', Buffer.from(again)),
    named('forty requests on the same connection', Buffer.from(again.repeat(40))),
    named('a TLS hello behind a request', Buffer.concat([Buffer.from('1603010200', 'hex'), noise(random, 500, 500)])),
    named("HTTP/2's preface behind a request", Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
    named('a WebSocket frame behind a request', Buffer.from([0x81, 0x85, 0, 0, 0, 0, 1, 2, 3, 4, 5])),
    named('blank lines behind a request', Buffer.from('\r\n'.repeat(2000))),
    named('1 MiB behind a request', Buffer.alloc(KIB * KIB, 'x')),
  ];
}
