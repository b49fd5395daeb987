/** Flaw: as grpc-js up to 1.13, says GOAWAY to a client that answers no PING, and waits for its calls, which never end. */
import http2, { type Http2Session } from 'node:http2';
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/leaked-session';
export const meta: FlawMeta = { role: 'server', trips };

const { createServer } = http2;

function keepsTheDead(...given: Parameters<typeof createServer>): ReturnType<typeof createServer> {
  return createServer(...given).on('session', (session: Http2Session) => {
    const destroy = session.destroy.bind(session);
    session.destroy = (error, code) => (error || session.socket?.destroyed ? destroy(error, code) : session.close());
  });
}

if (require.main === module) {
  Object.assign(http2, { createServer: keepsTheDead });
  startServer();
}
