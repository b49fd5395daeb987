import { createServer, type ServerHttp2Session } from 'node:http2';
import { Writer } from 'protobufjs';
import { isInfrastructure } from '../grpc-services.js';
import { statusName } from '../grpc-status.js';
import { listenOnLoopback } from '../loopback.js';
import { lengthPrefixed } from '../path/length-prefixed.js';

const HEALTH = /^\/grpc\.health\.v1\.Health\/(Check|Watch)$/;
/** `HealthCheckResponse { ServingStatus status = 1 }` with SERVING [health.proto]. */
const SERVING = lengthPrefixed(Buffer.from([0x08, 0x01]));

export interface Refuser extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** How many calls it has refused. */
  readonly refused: number;
}

/** A server over HTTP/2 without TLS that is healthy, and ends every call with the same status at once. */
export async function startGrpcRefuser(code: number, metadata: Readonly<Record<string, string>>): Promise<Refuser> {
  const sessions = new Set<ServerHttp2Session>();
  let refused = 0;
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session)).on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {}).resume();
    const rpc = String(headers[':path']);
    const head = { ':status': 200, 'content-type': 'application/grpc' };
    const health = HEALTH.exec(rpc)?.[1];
    if (health !== undefined) {
      stream.respond(head, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.write(SERVING);
      if (health === 'Check') stream.end();
      return;
    }
    if (!isInfrastructure(rpc)) refused += 1;
    const status = { 'grpc-status': String(code), 'grpc-message': statusName(code).toLowerCase(), ...metadata };
    // "Trailers-Only is permitted for calls that produce an immediate error" [PROTOCOL-HTTP2.md].
    stream.respond({ ...head, ...status }, { endStream: true });
  });
  const local = await listenOnLoopback(server as unknown as Parameters<typeof listenOnLoopback>[0]);
  return {
    host: local.host,
    port: local.port,
    get refused() {
      return refused;
    },
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      await local[Symbol.asyncDispose]();
    },
  };
}

/** Both ways in which a server asks its client to wait: gRFC A6, "Pushback", and google/rpc/error_details.proto, RetryInfo. */
export function askingToWait(code: number, ms: number): Record<string, string> {
  const delay = Writer.create()
    .uint32(0x08)
    .int64(Math.floor(ms / 1000))
    .uint32(0x10)
    .int32(Math.round((ms % 1000) * 1e6))
    .finish();
  const info = Writer.create().uint32(0x0a).bytes(delay).finish();
  const type = 'type.googleapis.com/google.rpc.RetryInfo';
  const any = Writer.create().uint32(0x0a).string(type).uint32(0x12).bytes(info).finish();
  const details = Writer.create().uint32(0x08).int32(code).uint32(0x1a).bytes(any).finish();
  // "Implementations MUST emit un-padded values" [PROTOCOL-HTTP2.md, "Binary Header"].
  const encoded = Buffer.from(details).toString('base64').replace(/=+$/, '');
  return { 'grpc-retry-pushback-ms': String(Math.round(ms)), 'grpc-status-details-bin': encoded };
}
