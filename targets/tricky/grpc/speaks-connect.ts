/** Tricky: another implementation, on connect-node: for browsers it speaks Connect alone, over HTTP/1.1, and no gRPC-Web. */
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { ConnectRouter, HandlerContext } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { feedPackage } from '../../feed-service';
import { onePort } from '../../one-port';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'speaks Connect to browsers, over HTTP/1.1, and no gRPC-Web',
  fine: ['grpc/browser-boundary'],
};

const PUSH_MS = 200;
const types = feedPackage['holdfast.feed.v1.Message'] as unknown as {
  readonly fileDescriptorProtos: readonly Buffer[];
};
const file = types.fileDescriptorProtos.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
const service = createFileRegistry(create(FileDescriptorSetSchema, { file })).getService('holdfast.feed.v1.Feed');

async function* subscribe(_: unknown, { signal }: HandlerContext) {
  for (let seq = 1n; !signal.aborted; seq++) {
    yield { seq, data: 'warm' };
    await sleep(PUSH_MS);
  }
}

function routes(router: ConnectRouter): void {
  if (!service) throw new Error('feed.proto has no Feed');
  router.service(service, {
    subscribe,
    ask: ({ id, text }: { readonly id: string; readonly text: string }) => ({ id, data: text }),
  } as never);
}

if (require.main === module) {
  const handler = connectNodeAdapter({ routes, grpcWeb: false });
  const http2 = createHttp2Server(handler);
  const tcp = onePort(createServer(handler), (socket) => void http2.emit('connection', socket), 0);
  tcp.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? '127.0.0.1');
}
