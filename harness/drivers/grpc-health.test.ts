import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { waitFor } from '../clock.js';
import type { Target } from '../contract.js';
import { STORY_TARGET } from '../story.js';
import { GrpcHealth } from './grpc-health.js';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-health-'));
const proto = join(folder, 'one.proto');
writeFileSync(
  proto,
  'syntax = "proto3"; package a; service B { rpc C(Empty) returns (stream Empty); } message Empty {}',
);
const target: Target = { ...STORY_TARGET, protocol: 'grpc', proto, method: 'a.B/C' };

afterAll(() => rmSync(folder, { recursive: true }));

async function started(health?: HealthImplementation) {
  const server = new Server();
  health?.addToServer(server);
  const port = await new Promise<number>((resolve) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, bound) => resolve(bound)),
  );
  return { host: '127.0.0.1', port, [Symbol.asyncDispose]: async () => server.forceShutdown() };
}

test('health is asked, watched, and asked again on new connections until one is refused', async () => {
  const health = new HealthImplementation({ '': 'SERVING', 'a.B': 'SERVING' });
  const told: string[] = [];
  const server = await started(health);
  await using asked = new GrpcHealth(server, target, ({ via, service, says }) =>
    told.push(`${via} ${service} ${says}`),
  );
  expect(await asked.ask()).toEqual(['SERVING', 'SERVING']);
  asked.watch();
  await waitFor(() => told.includes('watch a.B SERVING'), 2000);
  health.setStatus('a.B', 'NOT_SERVING');
  await waitFor(() => told.includes('watch a.B NOT_SERVING'), 2000);
  asked.askEvery(10);
  await waitFor(() => told.includes('check a.B NOT_SERVING'), 2000);
  await server[Symbol.asyncDispose]();
  expect(told).toEqual(expect.arrayContaining(['watch a.B NOT_SERVING', 'check a.B NOT_SERVING', 'check  SERVING']));
});

test('a server without the service, or with another one, says so by its status', async () => {
  await using without = await started();
  await using other = await started(new HealthImplementation({ '': 'SERVING' }));
  for (const [server, says] of [
    [without, ['UNIMPLEMENTED', 'UNIMPLEMENTED']],
    [other, ['SERVING', 'NOT_FOUND']],
  ] as const) {
    await using asked = new GrpcHealth(server, target, () => {});
    expect(await asked.ask()).toEqual(says);
  }
});
