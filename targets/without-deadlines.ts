/** What grpc-js never hears of, it cannot keep to by itself: `grpc-timeout` is taken out of each head before it sees it. */
import http2, { type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';

type Seen = (stream: ServerHttp2Stream, timeout: string) => void;

export function withoutDeadlines(seen: Seen = () => {}): void {
  const create = http2.createServer;
  const take = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const timeout = headers['grpc-timeout'];
    if (timeout === undefined) return;
    delete headers['grpc-timeout'];
    seen(stream, String(timeout));
  };
  http2.createServer = (...options: readonly []) => create(...options).prependListener('stream', take);
}
