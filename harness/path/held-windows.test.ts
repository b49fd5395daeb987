import { HeldWindows } from './held-windows.js';

function frame(type: number, stream: number, payload: string): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

const data = frame(0, 1, 'hello');
const window = frame(8, 1, 'abcd');
const whole = frame(8, 0, 'efgh');
const ping = frame(6, 0, '12345678');
const empty = frame(4, 0, '');

function holding(): HeldWindows {
  const holder = new HeldWindows();
  holder.hold();
  return holder;
}

describe('held windows', () => {
  test.each([1, 2, 7, 9, 13, 100])(
    'those of streams are taken out of bytes in pieces of %d, and nothing else',
    (size) => {
      const holder = holding();
      const bytes = Buffer.concat([data, window, whole, empty, ping, window, data]);
      const onward: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) onward.push(holder.pass(bytes.subarray(at, at + size)));
      expect(Buffer.concat(onward)).toEqual(Buffer.concat([data, whole, empty, ping, data]));
      expect(holder.frames).toBe(2);
      expect(holder.release()).toEqual(Buffer.concat([window, window]));
      expect(holder.pass(window)).toEqual(window);
      holder.hold();
      expect(holder.pass(window)).toHaveLength(0);
    },
  );

  test('what was held follows behind a frame that is half under way', () => {
    const holder = holding();
    expect(holder.pass(Buffer.concat([window, data.subarray(0, 11)]))).toEqual(data.subarray(0, 11));
    expect(holder.release()).toHaveLength(0);
    expect(holder.pass(Buffer.concat([data.subarray(11), ping]))).toEqual(
      Buffer.concat([data.subarray(11), window, ping]),
    );
  });

  test('what was held waits for the end of a header block', () => {
    const holder = holding();
    const [headers, more] = [frame(1, 3, 'head'), frame(9, 3, 'ers')];
    more.writeUInt8(4, 4);
    expect(holder.pass(Buffer.concat([window, headers]))).toEqual(headers);
    expect(holder.release()).toHaveLength(0);
    expect(holder.pass(more)).toEqual(Buffer.concat([more, window]));
  });

  test('half a window that is released is whole again', () => {
    const holder = holding();
    expect(holder.pass(window.subarray(0, 10))).toHaveLength(0);
    expect(holder.release()).toHaveLength(0);
    expect(holder.pass(Buffer.concat([window.subarray(10), data]))).toEqual(Buffer.concat([window, data]));
  });
});
