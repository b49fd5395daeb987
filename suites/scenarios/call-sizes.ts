import { createGzip } from 'node:zlib';
import { nowMs } from '../../harness/clock.js';
import type { Call } from '../../harness/drivers/grpc-call.js';
import { GrpcConnection } from '../../harness/drivers/grpc-connection.js';
import { fieldsOf } from '../../harness/drivers/grpc-request.js';
import { headersOf, slotsOf } from '../../harness/drivers/request.js';
import type { Workers } from '../../harness/drivers/workers.js';
import { type Field, type MessageType, methodOf } from '../../harness/grpc-services.js';
import { OK, RESOURCE_EXHAUSTED, statusNumber } from '../../harness/grpc-status.js';
import { MIB } from '../../harness/numbers.js';
import { lengthPrefixed } from '../../harness/path/length-prefixed.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';

const ANSWER_MS = 20_000;
/** Who has taken a message is given this long to refuse it. */
const TAKEN_MS = 3000;
/** More than the kernels and the windows of both sides hold. */
const BEYOND_KERNELS = 16 * MIB;
/** By what libraries refuse for its size: most by the first, tonic by the second. */
const TOO_LARGE = [RESOURCE_EXHAUSTED, statusNumber('OUT_OF_RANGE')];

export type Result = 'accepted' | 'refused' | 'unread' | 'unclear' | 'gone';

/** The one field of the request that can be as large as one likes. */
export function largeField({ target }: ScenarioContext): Field | undefined {
  const single = methodOf(target).request.fields.filter(({ repeated }) => !repeated);
  return single.find(({ kind }) => kind === 'text') ?? single.find(({ kind }) => kind === 'bytes');
}

/** Calls the target's method with one message of this size. */
export async function callWith(
  context: ScenarioContext,
  server: StartedServer,
  workers: Workers,
  { how, bytes, field }: { readonly how: 'single' | 'bomb'; readonly bytes: number; readonly field: Field },
): Promise<Result> {
  const { target } = context;
  const method = methodOf(target);
  const slots = slotsOf({}, target);
  const fields = fieldsOf(slots, method);
  const packed = how === 'bomb' ? await bomb(method.request, fields, field, bytes) : undefined;
  await using connection = new GrpcConnection({ to: server, target });
  let answered = 0;
  const call = connection.call({
    rpc: method.rpc,
    metadata: { ...headersOf(slots), ...(packed ? { 'grpc-encoding': 'gzip' } : {}) },
    onMessage: (message) => {
      answered = Math.max(answered, message.length);
    },
  });
  const before = server.memoryBytes() ?? 0;
  let peak = before;
  if (packed) call.stream.write(packed);
  else {
    const text = 'a'.repeat(field.kind === 'text' ? bytes : Math.ceil(bytes / 3) * 4);
    call.write(method.request.encode({ ...fields, [field.name]: text }));
  }
  if (method.pattern !== 'bidirectional') call.finish();
  // A feed sends of itself: of a method that goes on only the message itself, come back, is an answer to it.
  const isAnswered = () => (method.pattern === 'bidirectional' ? answered >= bytes : answered > 0);
  let flushedMs: number | undefined;
  await context.watch(ANSWER_MS, () => {
    peak = Math.max(peak, server.memoryBytes() ?? 0);
    if (call.stream.writableLength === 0 && connection.socket.writableLength === 0) flushedMs ??= nowMs();
    const quiet = flushedMs !== undefined && nowMs() - flushedMs > TAKEN_MS;
    return call.end !== undefined || connection.closedAtMs !== undefined || isAnswered() || quiet;
  });
  // Its answer may be followed by its end, and a process that is about to die takes a moment.
  await context.watch(500, () => workers.died > 0 || call.end?.told);
  const left = bytes >= BEYOND_KERNELS && how === 'single' && flushedMs !== undefined;
  const result = workers.alive ? resultOf(call, connection, isAnswered(), left) : 'gone';
  const told = call.end?.told ? (call.end.status ?? null) : null;
  const closeCode = result === 'refused' ? told : null;
  context.measure('size', { how, bytes, result, closeCode, rssGrowthBytes: Math.max(0, peak - before) });
  return result;
}

function resultOf(call: Call, { closedAtMs, goaway }: GrpcConnection, answered: boolean, left: boolean): Result {
  const { end } = call;
  if (answered || end?.status === OK) return 'accepted';
  if (end?.status !== undefined && TOO_LARGE.includes(end.status)) return 'refused';
  // Some say of a message that is too large only that the stream is broken, or drop the connection; before it is there.
  if ((end && !end.told) || closedAtMs !== undefined || goaway) return 'refused';
  // What else it says may be about the message itself, which it has read to the end.
  if (end) return 'unclear';
  return left ? 'accepted' : call.stream.writableLength > 0 ? 'unread' : 'unclear';
}

/** A message of so many bytes as gzip makes it, with the compressed flag. */
async function bomb(type: MessageType, fields: object, { name }: Field, bytes: number): Promise<Buffer> {
  const gzip = createGzip({ level: 1 });
  const parts: Buffer[] = [];
  gzip.on('data', (part: Buffer) => parts.push(part));
  const ended = new Promise((resolve) => gzip.once('end', resolve));
  const write = (chunk: Buffer) => new Promise<void>((resolve) => gzip.write(chunk, () => resolve()));
  // Of one letter it is its tag, its length, and the letter.
  const tag = type.encode({ [name]: type.fields.find((field) => field.name === name)?.kind === 'text' ? 'a' : 'YQ==' });
  await write(Buffer.concat([type.encode(fields), tag.subarray(0, -2), varint(bytes)]));
  const filler = Buffer.alloc(MIB, 'a');
  for (let mib = 0; mib < bytes / MIB; mib++) await write(filler);
  gzip.end();
  await ended;
  const prefixed = lengthPrefixed(Buffer.concat(parts));
  prefixed.writeUInt8(1, 0);
  return prefixed;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
