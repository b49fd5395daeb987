import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { openUpgradeBlock, type UpgradeBlock, type UpgradeMode } from './upgrade-block.js';

/** A server that greets who comes by WebSocket, and streams two events to who does not. */
async function startServer() {
  const http = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: one\n\n');
    setTimeout(() => response.end('data: two\n\n'), 50);
  });
  new WebSocketServer({ server: http }).on('connection', (socket) => socket.send('hello'));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    host: '127.0.0.1',
    port: (http.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      http.close();
    },
  };
}

/** What a client of `ws` gets to see within 300 ms. */
async function attempt({ port }: UpgradeBlock): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/feed`);
  try {
    return await new Promise((resolve) => {
      let seen = 'nothing';
      socket.on('open', () => {
        seen = 'open';
      });
      socket.on('message', (raw) => resolve(String(raw)));
      socket.on('unexpected-response', (_, response) => resolve(`status ${response.statusCode}`));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      setTimeout(() => resolve(seen), 300);
    });
  } finally {
    socket.on('error', () => {});
    socket.terminate();
  }
}

describe('a proxy that blocks upgrades', () => {
  const cases: readonly (readonly [UpgradeMode, string])[] = [
    ['open', 'hello'],
    ['refused', 'status 403'],
    ['stripped', 'status 200'],
    ['reset', 'ECONNRESET'],
    ['unanswered', 'nothing'],
    ['mute', 'open'],
  ];
  test.each(cases)('%s: the client sees %s', async (mode, sees) => {
    await using server = await startServer();
    await using block = await openUpgradeBlock(server);
    block.mode = mode;
    expect(await attempt(block)).toBe(sees);
    expect(block.passages).toMatchObject([{ upgrade: true, blocked: mode !== 'open' }]);
  });

  it('passes everything else piece by piece, as it is', async () => {
    await using server = await startServer();
    await using block = await openUpgradeBlock(server);
    block.mode = 'refused';
    const pieces: string[] = [];
    block.onBody((text) => pieces.push(text));
    const [response] = (await once(get(`http://127.0.0.1:${block.port}/feed`), 'response')) as [IncomingMessage];
    const got = (await response.toArray()).map(String).join('');
    expect([got, pieces]).toEqual(['data: one\n\ndata: two\n\n', ['data: one\n\n', 'data: two\n\n']]);
    expect(block.passages).toMatchObject([{ upgrade: false, blocked: false, eventStream: true }]);
  });
});
