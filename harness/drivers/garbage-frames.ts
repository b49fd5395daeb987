import type { Random } from '../random.js';
import { frame, type Garbage, head, named, noise, times } from './garbage-bytes.js';

/** What comes after a good handshake. */
export function garbageFrames(random: Random): Garbage[] {
  const text = (kind: string, body: string) => named(kind, frame(0x81, Buffer.from(body)));
  const huge = (bytes: bigint, first: number) => Buffer.concat([head(first, bytes), noise(random, 64, 2048)]);
  return [
    ...times(25, () => named('random bytes for a frame', noise(random, 2, 512))),
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
      named(`opcode ${opcode}`, frame(0x80 | opcode, noise(random, 0, 100))),
    ),
    ...[0xc1, 0xa1, 0x91, 0xf2, 0xc9, 0xc0].map((first) =>
      named('reserved bits set', frame(first, noise(random, 1, 100))),
    ),
    ...times(4, () =>
      named('a frame that is not masked', Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')])),
    ),
    ...[0x09, 0x0a, 0x08].map((first) => named('a control frame in fragments', frame(first, noise(random, 0, 20)))),
    ...[0x89, 0x8a, 0x88].map((first) =>
      named('a control frame of 1,000 bytes', frame(first, noise(random, 1000, 1000))),
    ),
    ...times(3, () => named('a continuation of nothing', frame(0x80, noise(random, 0, 200)))),
    named(
      'a message within a fragmented one',
      Buffer.concat([frame(0x01, Buffer.from('a')), frame(0x81, Buffer.from('b'))]),
    ),
    named('a fragmented message left open', frame(0x01, Buffer.from('a'))),
    named('10,000 empty fragments', Buffer.concat(times(10_000, (i) => frame(i === 0 ? 0x02 : 0x00, Buffer.alloc(0))))),
    named('2,000 pings at once', Buffer.concat(times(2000, () => frame(0x89, Buffer.from('p'))))),
    ...['ff', 'c080', 'eda080', 'f8888080', 'e282', 'cebae1bdb9cf83cebcceb5eda080656469746564'].map((hex) =>
      named('text that is not UTF-8', frame(0x81, Buffer.from(hex, 'hex'))),
    ),
    ...['', '03', '0000', '03ed', '03ee', '03f7', 'ffff', '03e8ff', '03e8c3'].map((hex) =>
      named(`a close frame with the payload ${hex || '(none)'}`, frame(0x88, Buffer.from(hex, 'hex'))),
    ),
    named(
      'data behind a close frame',
      Buffer.concat([frame(0x88, Buffer.from('03e8', 'hex')), frame(0x81, Buffer.from('late'))]),
    ),
    ...times(12, () => {
      const whole = frame(0x81, noise(random, 20, 70_000));
      return named('a frame cut off', whole.subarray(0, random.integer(1, whole.length - 1)));
    }),
    ...[
      1n << 31n,
      (1n << 32n) + 5n,
      (1n << 48n) + 1n,
      (1n << 53n) + 1n,
      1n << 62n,
      1n << 63n,
      (1n << 64n) - 1n,
    ].flatMap((bytes) => [
      named(`a frame that announces ${bytes} bytes`, huge(bytes, 0x82)),
      named(
        `a continuation that announces ${bytes} bytes`,
        Buffer.concat([frame(0x02, Buffer.from('a')), huge(bytes, 0x80)]),
      ),
    ]),
    named(
      'a length written longer than needed',
      Buffer.concat([Buffer.from([0x81, 0xfe, 0, 5, 0, 0, 0, 0]), Buffer.from('hello')]),
    ),
    named('a length written longer than needed', Buffer.concat([head(0x81, 5n), Buffer.from('hello')])),
    named('an HTTP request on an open connection', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')),
    text('an empty text message', ''),
    ...[
      'null',
      '0',
      '"',
      '{',
      '[]',
      '{}',
      '{"type":null}',
      '{"type":{}}',
      '{"__proto__":{"a":1}}',
      '[1,2',
      '\u0000',
      '💥',
      '2["a"',
      '42["',
      '<html></html>',
      '{"a":1e999}',
      '{"type":"echo","id":[[]],"text":{}}',
    ].map((body) => text(`the message ${JSON.stringify(body)}`, body)),
    text('JSON nested 50,000 deep', '['.repeat(50_000)),
    ...times(8, () => named('a binary message of random bytes', frame(0x82, noise(random, 1, 3000)))),
  ];
}

/** What comes where permessage-deflate was negotiated (RFC 7692). */
export function garbageDeflated(random: Random): Garbage[] {
  return [
    ...times(8, () => named('compressed data that is none', frame(0xc1, noise(random, 1, 600)))),
    named('an empty compressed message', frame(0xc1, Buffer.alloc(0))),
    named(
      'a compressed continuation',
      Buffer.concat([frame(0x41, noise(random, 10, 50)), frame(0xc0, noise(random, 10, 50))]),
    ),
    named('a compressed ping', frame(0xc9, noise(random, 4, 60))),
  ];
}
