import { HeaderBlocks, literalBlock } from './http2-headers.js';

/** RFC 7541, 6.2.1: `x: ...` of 4,000 bytes, put into the table; then 6.1, the table's newest field. */
const FIELD = Buffer.concat([Buffer.from([0x40, 1, 0x78, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4000, 'v')]);
const AGAIN = 0xbe;

describe('header blocks', () => {
  it('join the values of a repeated header', () => {
    expect(new HeaderBlocks().read(literalBlock({ a: '1' }))).toEqual(new Map([['a', '1']]));
    const twice = Buffer.concat([FIELD, Buffer.from([AGAIN])]);
    expect(new HeaderBlocks().read(twice).get('x')).toHaveLength(8002);
  });

  it('are not unpacked without an end: a field of the table costs a byte, however long it is', () => {
    const bomb = Buffer.concat([FIELD, Buffer.alloc(1000, AGAIN)]);
    expect(() => new HeaderBlocks().read(bomb)).toThrow('a header list over 1 MiB');
  });
});
