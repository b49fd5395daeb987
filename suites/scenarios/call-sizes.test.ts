import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceClientConstructor,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { waitFor } from '../../harness/clock.js';
import type { Facts, Target } from '../../harness/contract.js';
import type { Workers } from '../../harness/drivers/workers.js';
import { MIB } from '../../harness/numbers.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import { STORY_TARGET } from '../../harness/story.js';
import type { StartedServer } from '../../harness/target/server.js';
import { callWith, largeField } from './call-sizes.js';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-sizes-'));
const proto = join(folder, 'sizes.proto');
writeFileSync(
  proto,
  `syntax = "proto3"; package a;
   service Sizes { rpc Say(Note) returns (Note); rpc Talk(stream Note) returns (stream Note); rpc Count(Number) returns (Number); }
   message Note { uint32 before = 1; bytes text = 20; string other = 21; }
   message Number { uint32 number = 1; }`,
);
const { service } = (
  loadPackageDefinition(loadSync(proto, { keepCase: true })) as unknown as { a: { Sizes: ServiceClientConstructor } }
).a.Sizes;
type Note = { readonly text: Buffer; readonly other: string };

afterAll(() => rmSync(folder, { recursive: true }));

function contextOf(method: string, measured: Facts[]): ScenarioContext {
  const target: Target = { ...STORY_TARGET, protocol: 'grpc', proto, method: `a.Sizes/${method}` };
  const watch = (ms: number, condition: () => boolean) => waitFor(condition, ms);
  return { target, watch, measure: (_: string, facts: Facts) => measured.push(facts) } as unknown as ScenarioContext;
}

async function started(limitMib: number) {
  const server = new Server({ 'grpc.max_receive_message_length': limitMib * MIB });
  server.addService(service, {
    Say({ request }: ServerUnaryCall<Note, Note>, answer: sendUnaryData<Partial<Note>>) {
      if (request.other === 'a') answer({ code: status.INVALID_ARGUMENT });
      else answer(null, {});
    },
    Talk: (call: ServerDuplexStream<Note, Note>) => call.on('data', (note: Note) => call.write(note)),
    Count: () => {},
  });
  const port = await new Promise<number>((resolve) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, bound) => resolve(bound)),
  );
  const to = { host: '127.0.0.1', port, memoryBytes: () => 0 } as unknown as StartedServer;
  return { to, [Symbol.asyncDispose]: async () => server.forceShutdown() };
}

const alive = { alive: true, died: 0 } as Workers;

test.each(['Say', 'Talk'])(
  'a message to %s is taken up to the limit and refused beyond it, packed or not',
  async (method) => {
    const measured: Facts[] = [];
    const context = contextOf(method, measured);
    const field = largeField(context);
    if (!field) throw new Error('no field');
    await using server = await started(2);
    for (const [how, bytes] of [
      ['single', MIB],
      ['single', 3 * MIB],
      ['bomb', MIB],
      ['bomb', 3 * MIB],
    ] as const)
      await callWith(context, server.to, alive, { how, bytes, field });
    expect(measured.map(({ how, bytes, result, closeCode }) => [how, Number(bytes) / MIB, result, closeCode])).toEqual([
      ['single', 1, 'accepted', null],
      ['single', 3, 'refused', status.RESOURCE_EXHAUSTED],
      ['bomb', 1, 'accepted', null],
      ['bomb', 3, 'refused', status.RESOURCE_EXHAUSTED],
    ]);
  },
);

test('a request without text or bytes has nothing that can be large', () => {
  expect(largeField(contextOf('Count', []))).toBeUndefined();
});
