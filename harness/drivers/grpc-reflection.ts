import { BufferWriter, parse, type Type } from 'protobufjs';
import { waitFor } from '../clock.js';
import type { Target } from '../contract.js';
import { isInfrastructure } from '../grpc-services.js';
import type { Address } from '../scenario.js';
import { GrpcConnection } from './grpc-connection.js';
import { headersOf, slotsOf } from './request.js';

const ANSWER_MS = 5000;
const VERSIONS = ['v1', 'v1alpha'];

/** What is used of the reflection service (grpc/reflection/v1/reflection.proto), and of the descriptors in its answers (descriptor.proto). */
const { root } = parse(
  `
  syntax = "proto3";
  message Question { string file_by_filename = 3; string file_containing_symbol = 4; string list_services = 7; }
  message Answer { Files files = 4; Services services = 6; Failure failure = 7; }
  message Files { repeated bytes file = 1; }
  message Services { repeated Service service = 1; }
  message Service { string name = 1; }
  message Failure { int32 code = 1; string message = 2; }
  message File { string name = 1; repeated string dependency = 3; }
`,
  { keepCase: true },
);
const question = root.lookupType('Question');
const answer = root.lookupType('Answer');
const fileType = root.lookupType('File');

interface Answered {
  readonly files?: { readonly file: readonly Uint8Array[] };
  readonly services?: { readonly service: readonly { readonly name: string }[] };
}

/** A server's own services with all that they import, as a serialized FileDescriptorSet; undefined where it has no reflection. */
export async function reflect(target: Target, to: Address): Promise<Buffer | undefined> {
  for (const version of VERSIONS) {
    await using connection = new GrpcConnection({ to, target });
    const answers: Answered[] = [];
    const call = connection.call({
      rpc: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      metadata: headersOf(slotsOf({ bare: true }, target)),
      onMessage: (bytes) => {
        answers.push(decoded(answer, bytes));
      },
    });
    const ask = async (what: object): Promise<Answered | undefined> => {
      const before = answers.length;
      call.write(Buffer.from(question.encode(question.fromObject(what)).finish()));
      const told = () => answers[before] ?? (call.end || connection.closedAtMs ? {} : undefined);
      return await waitFor(told, ANSWER_MS, { stepMs: 5 });
    };
    const services = (await ask({ list_services: '*' }))?.services?.service;
    if (!services) continue;
    const files = new Map<string, Uint8Array>();
    const keep = (told: Answered | undefined) => {
      for (const bytes of told?.files?.file ?? []) files.set(decoded<{ name: string }>(fileType, bytes).name, bytes);
    };
    for (const { name } of services) if (!isInfrastructure(name)) keep(await ask({ file_containing_symbol: name }));
    for (let missing = missingIn(files); missing; missing = missingIn(files)) {
      const before = files.size;
      keep(await ask({ file_by_filename: missing }));
      if (files.size === before) break;
    }
    call.finish();
    return descriptorSet(files);
  }
  return undefined;
}

function missingIn(files: ReadonlyMap<string, Uint8Array>): string | undefined {
  const wanted = [...files.values()].flatMap(
    (bytes) => decoded<{ dependency?: readonly string[] }>(fileType, bytes).dependency ?? [],
  );
  return wanted.find((name) => !files.has(name));
}

/** `message FileDescriptorSet { repeated FileDescriptorProto file = 1; }` [descriptor.proto] */
function descriptorSet(files: ReadonlyMap<string, Uint8Array>): Buffer {
  const writer = new BufferWriter();
  for (const bytes of files.values()) writer.uint32((1 << 3) | 2).bytes(bytes);
  return Buffer.from(writer.finish());
}

function decoded<T>(type: Type, bytes: Uint8Array): T {
  return type.toObject(type.decode(bytes)) as T;
}
