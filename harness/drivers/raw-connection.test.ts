import { createServer, type Server, type Socket } from 'node:net';
import { until } from '../clock.js';
import { STORY_TARGET } from '../story.js';
import { openRaw } from './raw-connection.js';

async function listen(
  onSocket: (socket: Socket) => void,
): Promise<AsyncDisposable & { readonly to: { host: string; port: number } }> {
  const server: Server = createServer(onSocket);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    to: { host: '127.0.0.1', port },
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const onLinux = process.platform === 'linux' ? it : it.skip;

describe('a connection of bytes', () => {
  onLinux('comes from the address it is given, and sees the other end it', async () => {
    let from: string | undefined;
    await using server = await listen((socket) => {
      from = socket.remoteAddress;
      socket.once('data', (bytes) => socket.end(`got ${bytes}`));
    });
    using raw = await openRaw({ to: server.to, sourceHost: '127.0.0.77', timeoutMs: 1000 }, STORY_TARGET);
    raw?.write('half');
    await until('it is ended', () => raw?.isOpen === false, 5000);
    expect({ from, received: raw?.received }).toEqual({ from: '127.0.0.77', received: 'got half' });
  });

  it('is a reset for the other side when it is aborted', async () => {
    let code: string | undefined;
    await using server = await listen((socket) => {
      socket.on('error', (error: NodeJS.ErrnoException) => {
        code = error.code;
      });
      socket.resume();
    });
    const raw = await openRaw({ to: server.to, timeoutMs: 1000 }, STORY_TARGET);
    raw?.abort();
    await until('the reset arrives', () => code, 5000);
    expect(code).toBe('ECONNRESET');
  });

  it('is undefined where nobody listens', async () => {
    const { to } = await (async () => {
      await using server = await listen(() => undefined);
      return server;
    })();
    expect(await openRaw({ to, timeoutMs: 1000 }, STORY_TARGET)).toBeUndefined();
  });
});
