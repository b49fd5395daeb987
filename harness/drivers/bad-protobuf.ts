import type { MessageType } from '../grpc-services.js';
import { lengthPrefixed } from '../path/length-prefixed.js';

/** Fields 100,000 and 100,001: a text, and the number 7. */
const UNKNOWN_FIELDS = Buffer.from('82ea300477686174' + '88ea3007', 'hex');
/** Larger than any that a .proto has names for. */
const UNKNOWN_ENUM = 424_242;
/** As long as it is overlong forms, a surrogate and a byte that begins nothing. */
const PLACE = 'PlaceFor';
const NO_UTF8 = Buffer.from('c080eda080c0aff5', 'hex');
/** Field 1 would have a hundred bytes. */
const CUT_SHORT = Buffer.from('0a64616263', 'hex');

/** Messages of this type that nobody expects, and bytes that are none of any. Where the type is not known they are the same for all. */
export const BAD_PROTOBUF: Readonly<Record<string, (type: MessageType | undefined, page: Buffer) => Buffer>> = {
  // All fields at their defaults: "it is set to the default value" [proto3 guide].
  empty: () => lengthPrefixed(Buffer.alloc(0)),
  'fields and an enum that no .proto knows': (type) =>
    lengthPrefixed(Buffer.concat([fieldOf(type, 'enum', UNKNOWN_ENUM) ?? Buffer.alloc(0), UNKNOWN_FIELDS])),
  'invalid UTF-8': (type) => lengthPrefixed(invalidText(type)),
  'no protobuf': () => lengthPrefixed(CUT_SHORT),
  HTML: (_, page) => lengthPrefixed(page),
  'a compressed flag without an encoding': () => {
    const message = lengthPrefixed(UNKNOWN_FIELDS);
    message.writeUInt8(1, 0);
    return message;
  },
};

function invalidText(type: MessageType | undefined): Buffer {
  const text = fieldOf(type, 'text', PLACE) ?? Buffer.concat([Buffer.from([0x0a, PLACE.length]), Buffer.from(PLACE)]);
  NO_UTF8.copy(text, text.indexOf(PLACE));
  return text;
}

/** A message with the first field of that kind alone; undefined where there is none. */
function fieldOf(type: MessageType | undefined, kind: 'enum' | 'text', value: number | string): Buffer | undefined {
  const field = type?.fields.find((one) => one.kind === kind && !one.repeated);
  return field && type?.encode({ [field.name]: value });
}
