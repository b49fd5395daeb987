import type { Random } from '../random.js';
import { type Garbage, type GarbageStage, named, noise, times } from './garbage-bytes.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const [DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION] = times(
  10,
  (type) => type,
);
const EMPTY = Buffer.alloc(0);

/** What breaks RFC 9113, PROTOCOL-HTTP2.md or Protocol Buffers: instead of a connection preface, behind a good one, and beside a good call. */
export function garbageForGrpc(random: Random, rpc: string): readonly (readonly [GarbageStage, readonly Garbage[]])[] {
  const frames = [
    ...wrongFrames(random),
    ...wrongHeaders(random, goodCall(rpc)),
    ...wrongMessages(random, goodCall(rpc)),
  ];
  const settled = Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, EMPTY)]);
  return [
    [
      'handshake',
      [...wrongPrefaces(random), ...frames.map(([kind, bytes]) => named(kind, Buffer.concat([settled, bytes])))],
    ],
    ['session', wrongFrames(random)],
  ];
}

/** "All frames begin with a fixed 9-octet header" [RFC 9113, 4.1]. */
function frame(type = 0, flags = 0, stream = 0, payload: Buffer = EMPTY, lengthBytes = payload.length): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(lengthBytes, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function wrongPrefaces(random: Random): Garbage[] {
  return [
    named('half a preface', PREFACE.subarray(0, 10)),
    named('a preface twice', Buffer.concat([PREFACE, PREFACE])),
    named('a preface without SETTINGS', Buffer.concat([PREFACE, frame(PING, 0, 0, Buffer.alloc(8))])),
    named('HTTP/1.1', Buffer.from('POST / HTTP/1.1\r\nHost: x\r\n\r\n')),
    named('an upgrade to h2c', Buffer.from('GET / HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: \xff\r\n\r\n', 'latin1')),
    named('a TLS ClientHello that ends', Buffer.from('16030100f8010000f40303', 'hex')),
    named('nothing', Buffer.from([0])),
    ...times(20, (n) => named(`random bytes ${n}`, noise(random, 1, 4000))),
    ...times(20, (n) => named(`random bytes behind a preface ${n}`, Buffer.concat([PREFACE, noise(random, 1, 4000)]))),
  ];
}

function wrongFrames(random: Random): Garbage[] {
  const ids = [0, 1, 2, 0x7fffffff];
  return [
    named('SETTINGS of 5 bytes', frame(SETTINGS, 0, 0, Buffer.alloc(5))),
    named('SETTINGS on a stream', frame(SETTINGS, 0, 1, EMPTY)),
    named('an ACK of SETTINGS with a payload', frame(SETTINGS, 1, 0, Buffer.alloc(6))),
    named('an initial window of 2^32-1', frame(SETTINGS, 0, 0, Buffer.from([0, 4, 255, 255, 255, 255]))),
    named('a frame size of 1', frame(SETTINGS, 0, 0, Buffer.from([0, 5, 0, 0, 0, 1]))),
    named('ENABLE_PUSH of 2', frame(SETTINGS, 0, 0, Buffer.from([0, 2, 0, 0, 0, 2]))),
    named('a thousand SETTINGS', Buffer.concat(times(1000, () => frame(SETTINGS, 0, 0, EMPTY)))),
    named('PING of 7 bytes', frame(PING, 0, 0, Buffer.alloc(7))),
    named('PING on a stream', frame(PING, 0, 1, Buffer.alloc(8))),
    named('a PING ACK that nobody asked for', frame(PING, 1, 0, Buffer.alloc(8))),
    named('GOAWAY of 3 bytes', frame(GOAWAY, 0, 0, Buffer.alloc(3))),
    named('GOAWAY on a stream', frame(GOAWAY, 0, 1, Buffer.alloc(8))),
    named('PUSH_PROMISE of a client', frame(PUSH_PROMISE, 4, 1, Buffer.alloc(8))),
    named('a frame longer than allowed', frame(DATA, 0, 1, Buffer.alloc(1000), 0xffffff)),
    named('padding longer than its frame', frame(DATA, 8, 1, Buffer.from([200, 1, 2]))),
    named('CONTINUATION without HEADERS', frame(CONTINUATION, 4, 1, Buffer.from([0x82]))),
    named(
      'HEADERS without an end, then DATA',
      Buffer.concat([frame(HEADERS, 0, 1, Buffer.from([0x82])), frame(DATA, 0, 1)]),
    ),
    named(
      'ten thousand CONTINUATIONs',
      Buffer.concat([frame(HEADERS, 0, 1), ...times(10_000, () => frame(CONTINUATION, 0, 1))]),
    ),
    named('a stream that depends on itself', frame(PRIORITY, 0, 1, Buffer.from([0, 0, 0, 1, 16]))),
    ...ids.flatMap((id) => [
      named(`WINDOW_UPDATE of 0 on ${id}`, frame(WINDOW_UPDATE, 0, id, Buffer.alloc(4))),
      named(
        `WINDOW_UPDATE of 2^31-1 twice on ${id}`,
        Buffer.concat(times(2, () => frame(WINDOW_UPDATE, 0, id, Buffer.from([127, 255, 255, 255])))),
      ),
      named(`RST_STREAM on ${id}`, frame(RST_STREAM, 0, id, Buffer.alloc(4))),
      named(`DATA on ${id}`, frame(DATA, 1, id, Buffer.alloc(16))),
    ]),
    ...times(10, (n) => named(`a frame of type ${11 + 20 * n}`, frame(11 + 20 * n, 255, n, noise(random, 0, 50)))),
    ...times(30, (n) =>
      named(
        `a random frame ${n}`,
        frame(random.integer(0, 10), random.integer(0, 255), random.integer(0, 5), noise(random, 0, 300)),
      ),
    ),
  ];
}

/** Literals without indexing [RFC 7541, 6.2.2]. */
function block(...headers: HeaderLines): Buffer {
  const text = (value: string) => {
    const bytes = Buffer.from(value, 'latin1');
    if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
    const more: number[] = [];
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>= 7) more.push((rest & 127) | 128);
    return Buffer.concat([Buffer.from([127, ...more, rest]), bytes]);
  };
  return Buffer.concat(headers.map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])));
}

type HeaderLines = readonly (readonly [string, string])[];

function goodCall(rpc: string): HeaderLines {
  return [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', rpc],
    [':authority', 'garbage'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ];
}

function wrongHeaders(random: Random, call: HeaderLines): Garbage[] {
  const ask = (kind: string, headers: HeaderLines, flags = 5) =>
    named(kind, frame(HEADERS, flags, 1, block(...headers)));
  const without = (name: string) => call.filter(([own]) => own !== name);
  const withOne = (name: string, value: string) =>
    ask(`${name}: ${JSON.stringify(value.slice(0, 20))}`, [...without(name), [name, value]]);
  return [
    ...call.map(([name]) => ask(`no ${name}`, without(name))),
    ...call.map(([name, value]) => ask(`${name} twice`, [...call, [name, value]])),
    ...[
      ':path',
      'content-type',
      'te',
      'grpc-timeout',
      'grpc-encoding',
      'grpc-accept-encoding',
      'x-bin',
      'authorization',
    ].flatMap((name) =>
      [
        '',
        '\0',
        '\xff\xfe',
        '-1',
        '99999999999999999999S',
        '../../etc/passwd',
        '%00%ff%zz',
        '{}[]',
        'x'.repeat(5000),
      ].map((value) => withOne(name, value)),
    ),
    ask('an upper-case name', [...call, ['X-Upper', '1']]),
    ask('connection: keep-alive', [...call, ['connection', 'keep-alive']]),
    ask('a pseudo-header of an answer', [...call, [':status', '200']]),
    ask('a thousand headers', [...call, ...times(1000, (n) => [`x-${n}`, 'y'] as const)].slice(0, 400)),
    named('an index of HPACK that is not there', frame(HEADERS, 5, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7f]))),
    named('an integer of HPACK without an end', frame(HEADERS, 5, 1, Buffer.alloc(200, 0xff))),
    ...times(20, (n) => named(`a random header block ${n}`, frame(HEADERS, 5, 1, noise(random, 1, 200)))),
  ];
}

function wrongMessages(random: Random, call: HeaderLines): Garbage[] {
  const open = frame(HEADERS, 4, 1, block(...call));
  const said = (kind: string, message: Buffer, flags = 1) =>
    named(kind, Buffer.concat([open, frame(DATA, flags, 1, message)]));
  return [
    said('half a length', Buffer.from([0, 0, 0])),
    said('a message of 4 GiB that does not come', Buffer.from([0, 255, 255, 255, 255, 1])),
    said('a compressed message without an encoding', Buffer.from([1, 0, 0, 0, 3, 1, 2, 3])),
    said('a flag of 255', Buffer.from([255, 0, 0, 0, 1, 0])),
    said('a message of no type', Buffer.concat([Buffer.from([0, 0, 0, 0, 4]), Buffer.from([0xff, 0xff, 0xff, 0xff])])),
    ...times(10, (n) => said(`random bytes as messages ${n}`, noise(random, 1, 400))),
    ...times(10, (n) =>
      said(`a message of random bytes ${n}`, Buffer.concat([Buffer.from([0, 0, 0, 0, 100]), noise(random, 100, 100)])),
    ),
  ];
}
