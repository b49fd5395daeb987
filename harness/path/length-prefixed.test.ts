import { LengthPrefixedReader, lengthPrefixed } from './length-prefixed.js';

describe('a reader of length-prefixed messages', () => {
  it.each([1, 4, 1000])('reads them from pieces of %d bytes', (size) => {
    const seen: string[] = [];
    const reader = new LengthPrefixedReader(({ bytes }) => seen.push(bytes.toString()));
    const all = Buffer.concat(['one', '', 'three'].map((text) => lengthPrefixed(Buffer.from(text))));
    for (let at = 0; at < all.length; at += size) reader.push(all.subarray(at, at + size));
    expect(seen).toEqual(['one', '', 'three']);
  });

  it('waits for no message of 4 GiB', () => {
    const seen: string[] = [];
    const reader = new LengthPrefixedReader(({ bytes }) => seen.push(bytes.toString()));
    const announced = Buffer.from([0, 0xff, 0xff, 0xff, 0xff]);
    expect(() => reader.push(Buffer.concat([lengthPrefixed(Buffer.from('one')), announced]))).toThrow(
      'a message of 4294967295 bytes is announced',
    );
    expect(seen).toEqual(['one']);
  });
});
