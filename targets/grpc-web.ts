/** gRPC-Web over HTTP/1.1, for browsers, in front of a gRPC server: the same frames, and the trailers behind them in the body. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';

/** PROTOCOL-WEB.md: the most significant bit of a frame's first byte tells that it holds trailers. */
const TRAILERS = 0x80;
/** Of HTTP/1.1, or of the way here: not for the server behind. */
const OWN =
  /^(?:connection|host|content-length|transfer-encoding|content-type|te|origin|x-grpc-web|keep-alive|upgrade)$/;
const TOLD = /^(?:grpc-(?:status|message)|grpc-retry-pushback-ms)/;

export function isGrpcWeb({ headers }: IncomingMessage): boolean {
  return /^application\/grpc-web(?:\+proto)?$/.test(headers['content-type'] ?? '');
}

export function bridge(request: IncomingMessage, response: ServerResponse, authority: string): void {
  const session = connect(`http://${authority}`);
  const fail = () => end(session, response, { 'grpc-status': '14' });
  session.on('error', fail);
  const kept = Object.entries(request.headers).filter(([name]) => !OWN.test(name));
  const stream = session.request({
    ...Object.fromEntries(kept),
    ':method': 'POST',
    ':path': request.url,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', fail);
  request.pipe(stream);
  response.writeHead(200, { 'content-type': 'application/grpc-web+proto', 'cache-control': 'no-store' });
  response.flushHeaders();
  let trailers: IncomingHttpHeaders = { 'grpc-status': '2' };
  stream.once('response', (headers) => {
    if (headers['grpc-status'] !== undefined) trailers = headers;
  });
  stream.on('trailers', (headers) => {
    trailers = headers;
  });
  stream.pipe(response, { end: false });
  stream.once('end', () => end(session, response, trailers));
  response.once('close', () => session.destroy());
}

function end(session: ClientHttp2Session, response: ServerResponse, trailers: IncomingHttpHeaders): void {
  session.close();
  if (response.writableEnded) return;
  const told = Object.entries(trailers).filter(([name]) => TOLD.test(name));
  const text = Buffer.from(told.map(([name, value]) => `${name}: ${value}\r\n`).join(''), 'latin1');
  const head = Buffer.alloc(5);
  head.writeUInt8(TRAILERS, 0);
  head.writeUInt32BE(text.length, 1);
  response.end(Buffer.concat([head, text]));
}
