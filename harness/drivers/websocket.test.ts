import { type AddressInfo, createServer } from 'node:net';
import type { Slot, Target } from '../contract.js';
import { createObserver } from '../path/observer.js';
import { STORY_TARGET } from '../story.js';
import { openWebSocket } from './websocket.js';

/** The request target of one handshake, as it stands on the wire. */
async function asked(path: string, slots: readonly Slot[] = [], url = ''): Promise<string> {
  let line = '';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (head) => {
      line = head.toString().split(' ')[1] ?? '';
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const spec = { stopSignal: 'SIGTERM', graceMs: 1, serialCopies: false, quietEnv: {}, pressureEnv: {} } as const;
  const target: Target = {
    ...STORY_TARGET,
    path,
    server: url === '' ? { ...spec, command: 'x' } : { ...spec, url: `ws://127.0.0.1:${port}${url}` },
  };
  const tools = { target, record: () => undefined, observer: createObserver('key') };
  await openWebSocket({ name: 'one', to: { host: '127.0.0.1', port }, slots }, tools);
  server.close();
  return line;
}

const query = (name: string, value: string): Slot => ({ in: 'query', name, value });

test.each<[string, string, readonly Slot[], string]>([
  ['/stream?streams=a@trade/b@depth&flag', '', [], '/stream?streams=a@trade/b@depth&flag'],
  ['/?tag=a&tag=b', '', [query('token', 's 3')], '/?tag=a&tag=b&token=s+3'],
  ['/feed?last=0', '', [query('last', '7')], '/feed?last=7'],
  ['//feed', '', [], '//feed'],
  ['/feed?x=1&x=2', '/feed?x=1&x=2', [], '/feed?x=1&x=2'],
  ['/other?y=2', '/feed?x=1', [query('id', '3')], '/other?x=1&y=2&id=3'],
])('the query of %s (URL %s) goes out as it was typed', async (path, url, slots, expected) => {
  expect(await asked(path, slots, url)).toBe(expected);
});
