import type { Random } from '../random.js';
import { frame, type Garbage, named, noise, times } from './garbage-bytes.js';

/** Node's `maxHeadersCount` is 2000: what comes behind that its applications do not see (CVE-2024-37890). In all less than its 16 KiB. */
const MANY_HEADERS = 2200;
const KIB = 1024;

/** What is said wrongly in one protocol's handshake beside what any request over HTTP may have wrong. */
export interface HandshakeWords {
  /** Headers to leave out. */
  readonly missing: readonly string[];
  /** Header lines in place of the good ones. */
  readonly lines: readonly string[];
  /** Header lines besides the good ones. */
  readonly twice: readonly string[];
}

/** What comes in place of a handshake. `good` are the lines of a good one, without the blank that ends it. */
export function garbageHandshakes(random: Random, good: readonly string[], words: HandshakeWords): Garbage[] {
  const whole = (lines: readonly string[]) => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const without = (name: string) => good.filter((line) => !line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  const withLine = (line: string) => whole([...without(line.split(':')[0] ?? ''), line]);
  const [request = '', ...headers] = good;
  const path = request.split(' ')[1] ?? '/';
  const all = whole(good);
  return [
    ...times(12, () => named('random bytes for a handshake', noise(random, 1, 4096))),
    ...times(20, () => named('a handshake cut off', all.subarray(0, random.integer(1, all.length - 1)))),
    ...times(14, () => named('a handshake with flipped bytes', flipped(random, all))),
    ...[
      '',
      'GET',
      `${path} HTTP/1.1`,
      `GET ${path}`,
      `GET ${path} HTTP/9.9`,
      `get ${path} http/1.1`,
      `G\0T ${path} HTTP/1.1`,
      `GET ${path}\0 HTTP/1.1`,
      `GET %zz%%%1 HTTP/1.1`,
      `GET \xff\xfe HTTP/1.1`,
      `GET http://[::1 HTTP/1.1`,
      'GET * HTTP/1.1',
      'GET //@:99999999/ HTTP/1.1',
      `GET ${path}?%E0%A4%A=&&=&a[b]=c HTTP/1.1`,
      `POST ${path} HTTP/1.1`,
      `CONNECT ${path} HTTP/1.1`,
      `PRI * HTTP/2.0`,
      `GET ${path} HTTP/1.0`,
      `GET /${'../'.repeat(200)} HTTP/1.1`,
    ].map((line) => named(`the request line ${JSON.stringify(line.slice(0, 40))}`, whole([line, ...headers]))),
    ...words.missing.map((name) => named(`no ${name} header`, whole(without(name)))),
    ...[
      ...words.lines,
      'Connection: close',
      'Connection: ,,, ',
      'Origin: \x01\x02',
      'Origin: http://[',
      'Cookie: =;=;;a=%zz; __proto__=1',
      'Host: ',
      'Host: [',
      'Host: a:b:c',
      'Content-Length: -1',
      'Content-Length: 99999999999999999999',
      'Transfer-Encoding: chunked',
      'Expect: 100-continue',
      'X-Forwarded-For: \xff, ,,',
      'no colon here',
      ': no name',
      'X-Folded: a\r\n b',
      'X-Null: \0',
      '\xc3\x28: \xe2\x82',
    ].map((line) => named(`the header ${JSON.stringify(line.slice(0, 60))}`, withLine(line))),
    named('the same header twice', whole([...good, ...words.twice])),
    named('line ends without CR', Buffer.from(`${good.join('\n')}\n\n`, 'latin1')),
    named('a header of 64 KiB', withLine(`X-Long: ${'x'.repeat(64 * KIB)}`)),
    named('a header of 1 MiB', withLine(`X-Long: ${'x'.repeat(KIB * KIB)}`)),
    named('a request line of 64 KiB', whole([`GET /${'x'.repeat(64 * KIB)} HTTP/1.1`, ...headers])),
    ...[300, MANY_HEADERS].flatMap((count) => {
      const many = times(count, (i) => `${(i % 1296).toString(36).padStart(2, 'x')}:`);
      return [
        named(`${count} headers before the handshake's own`, whole([request, ...many, ...headers])),
        named(`${count} headers behind the handshake's own`, whole([request, ...headers, ...many])),
      ];
    }),
    named('a frame in place of a handshake', frame(0x81, Buffer.from('hello'))),
    named('a TLS hello', Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), noise(random, 500, 500)])),
  ];
}

function flipped(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = random.integer(1, 12); i > 0; i--) copy[random.integer(0, copy.length - 1)] = random.integer(0, 255);
  return copy;
}
