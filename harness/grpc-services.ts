import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type AnyDefinition,
  loadFileDescriptorSetFromBuffer,
  loadSync,
  type MethodDefinition,
  type Options,
  type PackageDefinition,
} from '@grpc/proto-loader';
import type { CallPattern, Direction, Target } from './contract.js';
import { HarnessError, messageOf } from './errors.js';

export interface Method {
  /** `/pkg.Service/Method`, the `:path` of its calls [PROTOCOL-HTTP2.md]. */
  readonly rpc: string;
  readonly pattern: CallPattern;
  /** By its `idempotency_level` it may be called twice [descriptor.proto]. */
  readonly idempotent: boolean;
  readonly request: MessageType;
  readonly answer: MessageType;
}

export interface MessageType {
  readonly name: string;
  readonly fields: readonly Field[];
  /** From an object as JSON has it; names that the type does not have are left out. */
  encode(fields: object): Buffer;
  /**
   * Integers of 64 bits as decimal text, bytes in base64, enums by name; null where an integer or a text is not there, or is what
   * stands for that on the wire (0, ''). Throws where the bytes are of another type.
   */
  decode(bytes: Buffer): Record<string, unknown>;
}

export interface Field {
  readonly name: string;
  readonly kind: 'integer' | 'float' | 'text' | 'bytes' | 'enum' | 'other';
  readonly repeated: boolean;
}

export type Services = ReadonlyMap<string, Method>;

/** What every server may offer beside its own: of a service's name, or of a method's path. */
export function isInfrastructure(name: string): boolean {
  return /^\/?grpc\.(?:health|reflection|channelz)\./.test(name);
}

const OPTIONS: Options = { keepCase: true, longs: String, enums: String, bytes: String, defaults: true };
const KINDS: readonly (readonly [RegExp, Field['kind']])[] = [
  [/INT|FIXED/, 'integer'],
  [/FLOAT|DOUBLE/, 'float'],
  [/STRING/, 'text'],
  [/BYTES/, 'bytes'],
  [/ENUM/, 'enum'],
];

const UNKNOWN_LEVEL = 'IDEMPOTENCY_UNKNOWN';

const NONE: Services = new Map();
/** What was read, or told by reflection, of each target. */
const known = new WeakMap<Target, Services>();

/** The methods of the target's own .proto, or those that its server told by reflection; empty where there are neither. */
export function servicesOf(target: Target): Services {
  const read = known.get(target) ?? (target.proto === undefined ? NONE : readProto(target.proto));
  known.set(target, read);
  return read;
}

/** Messages of known methods as JSON has them; undefined of others, and where the bytes are of another type. */
export function decodeWith(services: Services) {
  return (rpc: string, dir: Direction, bytes: Buffer): unknown => {
    const method = services.get(rpc);
    try {
      return (dir === 'up' ? method?.request : method?.answer)?.decode(bytes);
    } catch {
      return undefined;
    }
  };
}

/** From a serialized FileDescriptorSet [descriptor.proto], as reflection gives it. */
export function learnServices(target: Target, descriptors: Buffer): Services {
  const services = methodsIn(loadFileDescriptorSetFromBuffer(descriptors, OPTIONS));
  known.set(target, services);
  return services;
}

/** The method that is called: the named one, or the only one that there is, or that streams. */
export function methodOf(target: Target): Method {
  const found = chosen(target);
  if (found) return found;
  const own = ownMethods(target).map(({ rpc }) => rpc.slice(1));
  const names = own.join(', ') || 'none';
  throw new HarnessError(
    'NO_METHOD',
    target.method === undefined
      ? `name the method to call with --method pkg.Service/Method: there are ${names}`
      : `there is no method ${target.method}: name one with --method (${names})`,
  );
}

/** Undefined as long as it is not known. */
export function patternOf(target: Target): CallPattern | undefined {
  return chosen(target)?.pattern;
}

function chosen(target: Target): Method | undefined {
  if (target.method !== undefined) {
    const services = servicesOf(target);
    const rpc = `/${target.method.replace(/^\//, '')}`;
    // `pkg.Service.Method` is how some tools write it.
    return services.get(rpc) ?? services.get(rpc.replace(/\.(?=[^./]+$)/, '/'));
  }
  const own = ownMethods(target);
  const streams = own.filter(({ pattern }) => pattern === 'server-streaming' || pattern === 'bidirectional');
  const [only, ...more] = own.length === 1 ? own : streams;
  return more.length === 0 ? only : undefined;
}

function ownMethods(target: Target): Method[] {
  return [...servicesOf(target).values()].filter(({ rpc }) => !isInfrastructure(rpc));
}

function readProto(file: string): Services {
  if (!existsSync(file)) throw new HarnessError('NO_PROTO', `there is no file ${file}: --proto names a .proto`);
  try {
    if (!file.endsWith('.proto')) return methodsIn(loadFileDescriptorSetFromBuffer(readFileSync(file), OPTIONS));
    // Imports are written from a root above the file, which no one names.
    return methodsIn(loadSync(file, { ...OPTIONS, includeDirs: foldersAbove(file) }));
  } catch (cause) {
    throw new HarnessError('BAD_PROTO', `${file} could not be read: ${messageOf(cause)}`, { cause });
  }
}

function foldersAbove(file: string): string[] {
  const folder = dirname(file);
  return folder === dirname(folder) ? [folder] : [folder, ...foldersAbove(folder)];
}

function methodsIn(definition: PackageDefinition): Services {
  const methods = new Map<string, Method>();
  for (const service of Object.values(definition)) {
    if (!isService(service)) continue;
    for (const method of Object.values(service)) methods.set(method.path, methodFrom(method));
  }
  return methods;
}

function isService(definition: AnyDefinition): definition is Record<string, MethodDefinition<object, object>> {
  return !('format' in definition);
}

function methodFrom(definition: MethodDefinition<object, object>): Method {
  const { path, requestStream, responseStream, options } = definition;
  const up = requestStream ? 'client-streaming' : 'unary';
  return {
    rpc: path,
    pattern: requestStream && responseStream ? 'bidirectional' : responseStream ? 'server-streaming' : up,
    idempotent: (options?.idempotency_level ?? UNKNOWN_LEVEL) !== UNKNOWN_LEVEL,
    request: typeFrom(definition.requestType, definition.requestSerialize, definition.requestDeserialize),
    answer: typeFrom(definition.responseType, definition.responseSerialize, definition.responseDeserialize),
  };
}

interface FieldDescriptor {
  readonly name: string;
  readonly type: string;
  readonly label: string;
}

function typeFrom(
  { type }: { readonly type: object },
  encode: (message: object) => Buffer,
  decode: (bytes: Buffer) => object,
): MessageType {
  const { name, field } = type as { readonly name: string; readonly field: readonly FieldDescriptor[] };
  const fields: readonly Field[] = field.map((one) => ({
    name: one.name,
    kind: KINDS.find(([pattern]) => pattern.test(one.type))?.[1] ?? 'other',
    repeated: one.label === 'LABEL_REPEATED',
  }));
  const optional = fields.filter(({ kind, repeated }) => !repeated && (kind === 'integer' || kind === 'text'));
  return {
    name,
    fields,
    encode,
    decode(bytes) {
      const message = decode(bytes) as Record<string, unknown>;
      // "When a message is parsed, if the encoded message does not contain a particular implicit presence element, [it] is set to the
      // default value" [proto3 guide]: a heartbeat beside numbered messages is not number 0.
      for (const one of optional) if (isDefault(message[one.name])) message[one.name] = null;
      return message;
    },
  };
}

function isDefault(value: unknown): boolean {
  return value === 0 || value === '0' || value === '';
}
