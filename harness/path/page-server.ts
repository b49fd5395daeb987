import { createServer, type ServerHttp2Session } from 'node:http2';
import { listenOnLoopback } from '../loopback.js';
import type { Address } from '../scenario.js';

/** An edge that speaks HTTP/2 to its clients, and has the same HTML page for each of their requests. */
export async function startPageServer(
  status: number,
  page: string,
): Promise<Address & { readonly served: number } & AsyncDisposable> {
  let served = 0;
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session)).on('error', () => {});
  });
  server.on('stream', (stream) => {
    stream.on('error', () => {}).resume();
    stream.respond({ ':status': status, 'content-type': 'text/html' });
    stream.end(page);
    served += 1;
  });
  const local = await listenOnLoopback(server as unknown as Parameters<typeof listenOnLoopback>[0]);
  return {
    host: local.host,
    port: local.port,
    get served() {
      return served;
    },
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      await local[Symbol.asyncDispose]();
    },
  };
}
