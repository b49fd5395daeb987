import { parse } from 'protobufjs';
import { protobufFields } from './protobuf-fields.js';

const { root } = parse(`syntax = "proto3";
  message Inner { int64 at = 1; string by = 2; }
  message All {
    uint32 seq = 1; int32 below = 2; uint64 big = 3; double price = 4; float rate = 5; fixed64 stamp = 6; sfixed32 off = 7;
    string text = 8; Inner inner = 9; repeated Inner many = 10; repeated string names = 11; bytes raw = 12; bool on = 13;
    string empty = 14;
  }`);

function read(message: Record<string, unknown>) {
  const type = root.lookupType('All');
  return protobufFields(Buffer.from(type.encode(type.fromObject(message)).finish()));
}

describe('a protobuf message without its schema', () => {
  test('gives integers as numbers while they are safe, and as digits beyond', () => {
    expect(read({ seq: 4_000_000_000, below: -7, on: true })).toEqual({ f1: 4_000_000_000, f2: -7, f13: 1 });
    expect(read({ big: '9007199254740993' })).toEqual({ f3: '9007199254740993' });
  });

  test('tells floats from fixed integers by their size', () => {
    expect(read({ price: 12.5, rate: 0.25, stamp: '1764210000000000000', off: -12 })).toMatchObject({
      f4: 12.5,
      f5: 0.25,
    });
    expect(read({ stamp: '1764210000123', off: 99 })).toEqual({ f6: 1_764_210_000_123, f7: 99 });
  });

  test('tells text from messages, and leaves out what is neither', () => {
    expect(read({ text: 'grüß dich', inner: { at: 5, by: 'x' }, raw: Buffer.from([255, 254, 0]) })).toEqual({
      f8: 'grüß dich',
      f9: { f1: 5, f2: 'x' },
    });
  });

  test('gives repeated fields as arrays', () => {
    const many = [{ at: 1 }, { at: 2 }];
    expect(read({ many, names: ['a', 'b', 'c'] })).toEqual({ f10: [{ f1: 1 }, { f1: 2 }], f11: ['a', 'b', 'c'] });
  });

  test('is nothing where the bytes are no message', () => {
    expect(protobufFields(Buffer.from([0x08]))).toBeUndefined();
    expect(protobufFields(Buffer.from([0x0a, 0x05, 0x61]))).toBeUndefined();
    expect(protobufFields(Buffer.from('plain text of somebody'))).toBeUndefined();
    expect(protobufFields(Buffer.alloc(0))).toEqual({});
  });
});
