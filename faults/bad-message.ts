import { waitFor } from '../harness/clock.js';
import type { GateConnection } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import { BAD_PROTOBUF } from '../harness/drivers/bad-protobuf.js';
import type { MessageType } from '../harness/grpc-services.js';

const PAGE = '<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>\n';
const TEXTS: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  'not JSON': Buffer.from('{"type": "message", "seq": NaN, undefined'),
  HTML: Buffer.from(PAGE),
  // An overlong form, a surrogate and a lone continuation byte. Last: it ends a WebSocket, as the standard orders.
  'invalid UTF-8': Buffer.from('7b2261223a22c080eda08080227d', 'hex'),
};
/** A final text frame of a server (RFC 6455 5.2); none of the texts is longer than one byte can say. */
const TEXT_FRAME = 0x81;
/** "Otherwise: The field is ignored." An event without data is not dispatched [WHATWG HTML 9.2.6]. */
const BLOCKS: Readonly<Record<string, string>> = {
  'fields that no standard knows': 'retries: 3\nstatus\nid_: 7\ndata-format: json\n\n',
  'an event without data': 'event: message\n\n',
};
const PATIENCE_MS = 5000;
const STEP_MS = 5;

type Make = (type: MessageType | undefined) => Buffer;
const PROTOCOLS: Readonly<Record<string, Readonly<Record<string, Make>>>> = {
  websocket: mapped(TEXTS, (text) => () => Buffer.concat([Buffer.from([TEXT_FRAME, text.length]), text])),
  sse: { ...mapped(TEXTS, (text) => () => eventOf(text)), ...mapped(BLOCKS, (block) => () => Buffer.from(block)) },
  grpc: mapped(BAD_PROTOBUF, (make) => (type) => make(type, Buffer.from(PAGE))),
};

/** What is tried in a protocol, in its order. */
export function badMessagesOf(protocol: string): readonly string[] {
  return Object.keys(PROTOCOLS[protocol] ?? {});
}

/** Where it is put: of gRPC in the answer to one call, whose messages are of this type. */
export interface Place {
  readonly connection: GateConnection;
  readonly stream?: number | undefined;
  readonly type?: MessageType | undefined;
}

/** A message that nobody expects, between two of the server's. */
export default defineFault<Place, { readonly what: string; readonly protocol: string }>({
  id: 'bad-message',
  hop: 'gate',
  about: 'a message that is empty, no JSON, an HTML page, invalid UTF-8 or none at all, between two good ones',
  evidence: 'the bytes sent on a connection that was whole',
  momentary: true,
  params: { what: [...new Set(Object.values(PROTOCOLS).flatMap(Object.keys))].join(' | '), protocol: 'id' },
  async inject({ connection, stream, type }, { what, protocol }, { bite, signal }) {
    const bytes = PROTOCOLS[protocol]?.[what]?.(type) ?? Buffer.alloc(0);
    const insert = () => connection.insertDown(bytes, stream);
    const sent = await waitFor(insert, PATIENCE_MS, { stepMs: STEP_MS, signal });
    if (sent) bite({ what, conn: connection.id, bytes: bytes.length });
    return () => {};
  },
});

/** Each line of it is one of the event's data. */
function eventOf(text: Buffer): Buffer {
  const lines = text.toString('latin1').split('\n');
  return Buffer.from(`${lines.map((line) => `data: ${line}`).join('\n')}\n\n`, 'latin1');
}

function mapped<From, To>(of: Readonly<Record<string, From>>, make: (from: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(of).map(([name, from]) => [name, make(from)]));
}
