import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servicesOf } from '../grpc-services.js';
import { LengthPrefixedReader } from '../path/length-prefixed.js';
import { STORY_TARGET } from '../story.js';
import { BAD_PROTOBUF } from './bad-protobuf.js';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-bad-'));
const proto = join(folder, 'weather.proto');
writeFileSync(
  proto,
  `syntax = "proto3";
   service Weather { rpc Watch(Report) returns (stream Report); }
   enum Sky { CLEAR = 0; CLOUDY = 1; }
   message Report { uint64 seq = 1; string text = 3; Sky sky = 9; }`,
);
afterAll(() => rmSync(folder, { recursive: true }));

const type = servicesOf({ ...STORY_TARGET, protocol: 'grpc', proto }).get('/Weather/Watch')?.answer;

function message(what: string) {
  const seen: { bytes: Buffer; compressed: boolean }[] = [];
  const bytes = BAD_PROTOBUF[what]?.(type, Buffer.from('<!DOCTYPE html>'));
  new LengthPrefixedReader((one) => seen.push(one)).push(bytes ?? Buffer.alloc(0));
  expect(seen).toHaveLength(1);
  return seen[0] ?? { bytes: Buffer.alloc(0), compressed: false };
}

test('what is empty or unknown can be decoded', () => {
  expect(type?.decode(message('empty').bytes)).toEqual({ seq: null, text: null, sky: 'CLEAR' });
  const unknown = message('fields and an enum that no .proto knows').bytes;
  expect(type?.decode(unknown)).toMatchObject({ seq: null, sky: 424_242 });
});

test('text that is no UTF-8 is in a field of the type that is text', () => {
  const { bytes } = message('invalid UTF-8');
  expect(bytes.subarray(0, 2)).toEqual(Buffer.from([(3 << 3) | 2, 8]));
  expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(2))).toThrow();
});

test.each(['no protobuf', 'HTML'])('%s cannot be decoded', (what) => {
  expect(() => type?.decode(message(what).bytes)).toThrow();
});

test('a compressed flag stands before what is not compressed', () => {
  expect(message('a compressed flag without an encoding').compressed).toBe(true);
});
