import { type ControlType, FrameReader } from './http2-frames.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

function frame(type: number, flags: number, stream: number, payload: string | readonly number[] = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload);
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

const SETTINGS = frame(4, 0, 0);

interface Seen {
  readonly control: [ControlType, number, boolean, string][];
  readonly headers: [number, string, boolean, number | undefined][];
  /** Joined by stream; `.` marks its end. */
  readonly data: Record<number, string>;
}

function read(bytes: Buffer, size = bytes.length, fromClient = false) {
  const seen: Seen = { control: [], headers: [], data: {} };
  const reader = new FrameReader(fromClient, {
    control: (type, stream, ack, payload) => seen.control.push([type, stream, ack, payload.toString('hex')]),
    headers: (stream, block, end, promised) => seen.headers.push([stream, block.toString(), end, promised]),
    data: (stream, piece, end) => {
      seen.data[stream] = `${seen.data[stream] ?? ''}${piece}${end ? '.' : ''}`;
    },
  });
  const places: boolean[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    reader.push(bytes.subarray(at, at + size));
    places.push(reader.betweenFrames);
  }
  return { ...seen, places };
}

describe('the frame reader', () => {
  test.each([1, 2, 7, 10, 1000])('reads control frames from pieces of %d bytes', (size) => {
    const bytes = [PREFACE, SETTINGS, frame(4, 1, 0), frame(6, 1, 0, '12345678'), frame(8, 0, 5, [0, 0, 1, 0])];
    expect(read(Buffer.concat(bytes), size, true).control).toEqual([
      ['SETTINGS', 0, false, ''],
      ['SETTINGS', 0, true, ''],
      ['PING', 0, true, '3132333435363738'],
      ['WINDOW_UPDATE', 5, false, '00000100'],
    ]);
  });

  test.each([1, 3, 1000])('joins a header block with its continuations, from pieces of %d bytes', (size) => {
    const bytes = [SETTINGS, frame(1, 0x1, 3, 'one '), frame(9, 0, 3, 'two '), frame(9, 0x4, 3, 'three')];
    expect(read(Buffer.concat(bytes), size).headers).toEqual([[3, 'one two three', true, undefined]]);
  });

  test('takes padding, priority and the promised stream off a block', () => {
    const padded = frame(1, 0x4 | 0x8 | 0x20, 3, [2, 0, 0, 0, 0, 16, 0x61, 0x62, 0, 0]);
    const promise = frame(5, 0x4 | 0x8, 3, [1, 0, 0, 0, 2, 0x63, 0]);
    expect(read(Buffer.concat([SETTINGS, padded, promise])).headers).toEqual([
      [3, 'ab', false, undefined],
      [3, 'c', false, 2],
    ]);
  });

  test.each([1, 4, 1000])('hands on data without its padding, from pieces of %d bytes', (size) => {
    const bytes = [SETTINGS, frame(0, 0x8, 1, [3, 0x61, 0x62, 0, 0, 0]), frame(0, 0, 3, 'x'), frame(0, 0x9, 1, [0])];
    expect(read(Buffer.concat(bytes), size).data).toEqual({ 1: 'ab.', 3: 'x' });
  });

  test('passes over PRIORITY and the frames of extensions', () => {
    const bytes = [SETTINGS, frame(2, 0, 3, '12345'), frame(0xa, 0, 0, 'alternative'), frame(0, 1, 3, 'x')];
    expect(read(Buffer.concat(bytes), 2).data).toEqual({ 3: 'x.' });
  });

  test('knows where another frame may begin: not before SETTINGS, not in a frame, not before a CONTINUATION', () => {
    const header = frame(1, 0, 3, 'a');
    const { places } = read(Buffer.concat([SETTINGS, frame(0, 0, 1, 'x'), header, frame(9, 0x4, 3, 'b')]), 1);
    expect(places.flatMap((free, at) => (free ? [at + 1] : []))).toEqual([9, 19, 39]);
  });

  test.each([
    ['no preface', Buffer.from('GET / HTTP/1.1\r\n\r\n'), true],
    ['no SETTINGS first', frame(6, 0, 0, '12345678'), false],
    ['another frame within a header block', Buffer.concat([SETTINGS, frame(1, 0, 3, 'a'), frame(0, 0, 3)]), false],
    ['a CONTINUATION of nothing', Buffer.concat([SETTINGS, frame(9, 4, 3, 'a')]), false],
    ['a PING of 7 bytes', Buffer.concat([SETTINGS, frame(6, 0, 0, '1234567')]), false],
    ['data shorter than its padding', Buffer.concat([SETTINGS, frame(0, 8, 3, [5, 1])]), false],
    ['headers shorter than their padding', Buffer.concat([SETTINGS, frame(1, 0xc, 3, [5, 1])]), false],
  ])('says why it cannot read %s', (_what, bytes, fromClient) => {
    expect(() => read(bytes, 1, fromClient)).toThrow();
  });
});
