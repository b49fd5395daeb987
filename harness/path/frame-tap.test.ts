import { nowMs } from '../clock.js';
import { tapFrames } from './frame-tap.js';
import { frameOf } from './http2-frames.js';
import { createObserver } from './observer.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const END = 0x1;
const END_HEADERS = 0x4;

/** A connection with a call on each of these streams; the server's first window is so large. */
function calls(firstBytes: number, ...streams: number[]) {
  const tap = tapFrames('slow', 1, () => {}, createObserver('key'));
  const settings = Buffer.alloc(6);
  settings.writeUInt16BE(4, 0);
  settings.writeUInt32BE(firstBytes, 2);
  const begun = streams.map((stream) => frameOf('HEADERS', stream, Buffer.from('x'), END_HEADERS));
  tap.up(Buffer.concat([PREFACE, frameOf('SETTINGS', 0, Buffer.alloc(0)), ...begun]), 0);
  tap.down(frameOf('SETTINGS', 0, settings), 0);
  return {
    tap,
    send: (stream: number, bytes: number, atMs: number, flags = 0) =>
      tap.up(frameOf('DATA', stream, Buffer.alloc(bytes), flags), atMs),
    take: (stream: number, bytes: number, atMs: number) => {
      const increment = Buffer.alloc(4);
      increment.writeUInt32BE(bytes);
      tap.down(frameOf('WINDOW_UPDATE', stream, increment), atMs);
    },
  };
}

describe('a tap of frames', () => {
  test('tells for how long the window of a stream was used up', () => {
    const { tap, send, take } = calls(10_000, 1);
    send(1, 10_000, 100);
    take(0, 10_000, 150);
    take(1, 10_000, 180);
    expect(tap.windowShutMs).toBe(80);
    send(1, 5000, 200);
    expect(tap.windowShutMs).toBe(80);
  });

  test('tells for how long that of the connection was', () => {
    const { tap, send, take } = calls(1_000_000, 1);
    send(1, 65_535, 100);
    take(1, 65_535, 150);
    take(0, 65_535, 190);
    expect(tap.windowShutMs).toBe(90);
  });

  test('counts the time of two calls that wait at once only once', () => {
    const { tap, send, take } = calls(10_000, 1, 3);
    send(1, 10_000, 100);
    send(3, 10_000, 120);
    take(1, 10_000, 150);
    take(3, 10_000, 160);
    expect(tap.windowShutMs).toBe(60);
  });

  test('goes on counting while it is shut', () => {
    const { tap, send } = calls(10_000, 1);
    const atMs = nowMs();
    send(1, 10_000, atMs - 1000);
    expect(tap.windowShutMs).toBeGreaterThanOrEqual(1000);
  });

  test.each([
    ['ends', (stream: number) => frameOf('DATA', stream, Buffer.alloc(0), END)],
    ['is reset', (stream: number) => frameOf('RST_STREAM', stream, Buffer.alloc(4))],
  ])('knows no window of a call that %s', (_how, frame) => {
    const { tap, send } = calls(10_000, 1);
    send(1, 10_000, 100);
    tap.up(frame(1), 130);
    expect(tap.windowShutMs).toBe(30);
  });

  test('takes a larger first window for one of the calls that are open', () => {
    const { tap, send } = calls(65_535, 1);
    send(1, 60_000, 100);
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(4, 0);
    settings.writeUInt32BE(100, 2);
    tap.down(frameOf('SETTINGS', 0, settings), 110);
    settings.writeUInt32BE(65_535, 2);
    tap.down(frameOf('SETTINGS', 0, settings), 150);
    expect(tap.windowShutMs).toBe(40);
  });

  test('says nothing of what is no HTTP/2', () => {
    const tap = tapFrames('slow', 1, () => {}, createObserver('key'));
    tap.up(Buffer.from('GET / HTTP/1.1\r\nHost: here\r\n\r\n'), 0);
    tap.down(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), 0);
    expect(tap.betweenMessages).toBe(false);
    expect(tap.windowShutMs).toBe(0);
  });
});
