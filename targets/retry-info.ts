/** What a gRPC server that ends a call asks of its client. */
import { type StatusObject, status } from '@grpc/grpc-js';
import { parse } from 'protobufjs';

interface Details {
  readonly details: readonly { readonly type_url: string; readonly value: Uint8Array }[];
}

/** Of google/rpc/status.proto and error_details.proto, as far as needed. */
const { root } = parse(
  `syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Duration { int32 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }`,
  { keepCase: true },
);

/** By `grpc-retry-pushback-ms` (negative: never), or a RetryInfo in the details. */
export function pushbackMs({ metadata }: StatusObject): number {
  const [pushback] = metadata.get('grpc-retry-pushback-ms');
  if (pushback !== undefined) return Number(pushback) >= 0 ? Number(pushback) : Number.POSITIVE_INFINITY;
  const [details] = metadata.get('grpc-status-details-bin');
  return Buffer.isBuffer(details) ? retryDelayMs(details) : 0;
}

/** With these words grpc-js tells of an end that no server has put into a status. */
const LOST = /connection dropped|ECONN|RST_STREAM|No connection/i;

/** The server itself said UNAVAILABLE, as one that goes away does. */
export function isSentAway({ code, details }: StatusObject): boolean {
  return code === status.UNAVAILABLE && !LOST.test(details);
}

function retryDelayMs(bytes: Buffer): number {
  try {
    const { details } = root.lookupType('Status').decode(bytes) as unknown as Details;
    const info = details.find(({ type_url }) => type_url.endsWith('/google.rpc.RetryInfo'));
    if (info === undefined) return 0;
    const { retry_delay: delay } = root.lookupType('RetryInfo').decode(info.value) as unknown as {
      retry_delay?: { seconds: number; nanos: number };
    };
    return delay === undefined || delay === null ? 0 : delay.seconds * 1_000 + delay.nanos / 1e6;
  } catch {
    return 0; // Not what it is said to be.
  }
}
