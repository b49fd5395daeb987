import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { constants, deflateRawSync } from 'node:zlib';
import { WebSocket as Undici } from 'undici';
import { waitFor } from '../clock.js';
import { createObserver } from '../path/observer.js';
import type { ReferenceServer } from '../protocol.js';
import type { Session } from '../scenario.js';
import { STORY_TARGET } from '../story.js';
import { openWebSocket } from './websocket.js';
import { startReferenceServer } from './websocket-reference.js';

/**
 * Who judges peers must be a correct one: our driver and our reference server against each other and against two
 * implementations that share no code with ours (faye's websocket-driver, undici).
 */
interface FayeSocket {
  readonly protocol: string;
  on(name: 'open' | 'message' | 'close', listener: (event: { data: string | Buffer; code: number }) => void): void;
  send(payload: string | Buffer): void;
  ping(payload: string, answered: () => void): boolean;
  close(code: number, reason: string): void;
}
const Faye = require('faye-websocket') as {
  new (request: unknown, socket: unknown, head: unknown, protocols: string[] | null, options: object): FayeSocket;
  Client: new (url: string, protocols?: string[]) => FayeSocket;
};
const deflate = require('permessage-deflate') as object;

const WAIT_MS = 5000;
/** Where the length of a frame's length changes [RFC 6455 5.2], and what does not fit one read. */
const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 1_048_576];
const WORDS = 'κόσμε \u{1F600} \u0000 ￿';

interface Peer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** How the other side of the newest session sees it. */
  readonly pongs: number;
  readonly closeCode: number | undefined;
  ping(): void;
}

/** An echo server as faye's README shows it. */
async function startFaye(): Promise<Peer> {
  const http = createServer();
  const sockets: FayeSocket[] = [];
  let pongs = 0;
  let closeCode: number | undefined;
  http.on('upgrade', (request, socket, head) => {
    const peer = new Faye(request, socket, head, ['chat'], { extensions: [deflate] });
    sockets.push(peer);
    peer.on('message', ({ data }) => peer.send(data));
    peer.on('close', ({ code }) => {
      closeCode = code;
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    host: '127.0.0.1',
    port: (http.address() as AddressInfo).port,
    get pongs() {
      return pongs;
    },
    get closeCode() {
      return closeCode;
    },
    ping: () =>
      void sockets.at(-1)?.ping('are you there', () => {
        pongs += 1;
      }),
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

async function open(to: { host: string; port: number }, more: { compress?: boolean; protocol?: string } = {}) {
  const got: Buffer[] = [];
  const { protocol } = more;
  const session = await openWebSocket(
    {
      name: 'driver',
      to,
      bare: true,
      ...(more.compress ? { compress: true } : {}),
      slots: protocol === undefined ? [] : [{ in: 'header', name: 'Sec-WebSocket-Protocol', value: protocol }],
      onMessage: ({ payload }) => got.push(payload),
    },
    { target: { ...STORY_TARGET, path: '/' }, record: () => undefined, observer: createObserver('key') },
  );
  if ('refused' in session) throw new Error(session.reason);
  const receive = async (count: number) => {
    await waitFor(() => got.length >= count, WAIT_MS);
    return got;
  };
  return { session, receive };
}

describe('our driver and the server of faye-websocket', () => {
  test.each([false, true])('exchange texts and binaries of every length (compressed: %s)', async (compress) => {
    await using peer = await startFaye();
    const { session, receive } = await open(peer, { compress });
    await using _session = session;
    expect(session.extensions).toBe(compress ? 'permessage-deflate' : '');
    const sent = SIZES.flatMap((size) => ['x'.repeat(size), Buffer.alloc(size, 7)]);
    for (const payload of [...sent, WORDS]) session.send(payload);
    const got = await receive(sent.length + 1);
    expect(got.map(({ length }) => length)).toEqual([...sent.map(({ length }) => length), Buffer.byteLength(WORDS)]);
    expect(got.at(-1)?.toString()).toBe(WORDS);
  });

  test('agree on fragments, with a ping between them', async () => {
    await using peer = await startFaye();
    const { session, receive } = await open(peer);
    await using _session = session;
    session.sendFragment('one ', false);
    expect(await session.ping(Buffer.from('between'), WAIT_MS)).toBeDefined();
    session.sendFragment('two ', false);
    session.sendFragment('three', true);
    expect((await receive(1)).map(String)).toEqual(['one two three']);
  });

  test('agree on a message whose compressed form we made ourselves', async () => {
    await using peer = await startFaye();
    const { session, receive } = await open(peer, { compress: true });
    await using _session = session;
    session.sendCompressed(deflateRawSync('a'.repeat(5000), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4));
    expect((await receive(1)).map(String)).toEqual(['a'.repeat(5000)]);
  });

  test('answer each other’s pings and close frames, and settle on a subprotocol', async () => {
    await using peer = await startFaye();
    const { session } = await open(peer, { protocol: 'other, chat' });
    await using _session = session;
    expect(await session.ping(Buffer.alloc(125, 'p'), WAIT_MS)).toBeDefined();
    peer.ping();
    expect(await waitFor(() => peer.pongs === 1, WAIT_MS)).toBe(true);
    session.close(4001);
    expect(await session.ended(WAIT_MS)).toMatchObject({ closeCode: 4001 });
    expect(await waitFor(() => peer.closeCode, WAIT_MS)).toBe(4001);
  });
});

/** What each client library gives us of one connection to our reference server. */
interface Client {
  readonly name: string;
  connect(url: string): { readonly got: string[]; readonly closed: Promise<number>; protocol(): string; close(): void };
}

const CLIENTS: readonly Client[] = [
  {
    name: 'faye-websocket',
    connect(url) {
      const socket = new Faye.Client(url, ['first', 'second']);
      const got: string[] = [];
      socket.on('message', ({ data }) => got.push(data.toString()));
      const closed = new Promise<number>((resolve) => socket.on('close', ({ code }) => resolve(code)));
      return { got, closed, protocol: () => socket.protocol, close: () => socket.close(1000, '') };
    },
  },
  {
    name: 'undici',
    connect(url) {
      const socket = new Undici(url, ['first', 'second']);
      const got: string[] = [];
      socket.addEventListener('message', ({ data }) => got.push(String(data)));
      const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
      return { got, closed, protocol: () => socket.protocol, close: () => socket.close(1000) };
    },
  },
];

const start = (): Promise<ReferenceServer> => startReferenceServer({ base: 500, pushMs: 20, pingMs: 30 });
const numbers = (got: readonly (string | Buffer)[]) => got.map((text) => JSON.parse(text.toString()).seq);

test.each(CLIENTS)(
  'our reference server serves $name, takes the first subprotocol and answers its close',
  async ({ connect }) => {
    await using server = await start();
    const { got, closed, protocol, close } = connect(`ws://127.0.0.1:${server.port}/any?path=1`);
    await waitFor(() => got.length >= 5, WAIT_MS);
    expect(numbers(got.slice(0, 5))).toEqual([0, 1, 2, 3, 4].map((i) => numbers(got)[0] + i));
    expect(protocol()).toBe('first');
    close();
    expect(await closed).toBe(1000);
  },
);

test.each(CLIENTS)('our reference server says goodbye to $name with the code it was given', async ({ connect }) => {
  await using server = await start();
  const { got, closed } = connect(`ws://127.0.0.1:${server.port}/`);
  await waitFor(() => got.length >= 1, WAIT_MS);
  // Not 1012, which IANA registered later and websocket-driver answers with 1002.
  server.goAway(1001);
  expect(await closed).toBe(1001);
});

test('our driver and our reference server agree with each other', async () => {
  await using server = await start();
  const { session, receive } = await open(server, { protocol: 'first, second' });
  const close = async (one: Session) => {
    one.close(1000);
    return one.ended(WAIT_MS);
  };
  expect(numbers((await receive(3)).slice(0, 2))).toEqual([501, 502]);
  expect(await session.ping(Buffer.from('x'), WAIT_MS)).toBeDefined();
  expect(await close(session)).toMatchObject({ closeCode: 1000 });
});
