import { adapterFor, type Cursor, type Host, type Numbered, type Opening, type Peer } from './adapter.js';

const message = (seq: number): Numbered => ({ seq, text: `{"type":"message","seq":${seq}}` });
const MEMORY = new Map<string, unknown>();

/** Our own client side and our own host, joined without a network. */
function meet(opening: Opening, subscriptions: readonly string[], cursor?: Cursor) {
  const adapter = adapterFor(opening);
  const dialogue = adapter?.listen(opening);
  const ready: (string | undefined)[] = [];
  const got: string[] = [];
  let host: Host | undefined;
  const early: Buffer[] = [];
  const peer: Peer | undefined = adapter?.join({
    opening,
    name: 'one',
    subscriptions,
    resumable: true,
    ...(cursor === undefined ? {} : { cursor }),
    beats: true,
    onReady: (refusal) => ready.push(refusal),
    send(sent) {
      dialogue?.read('up', Buffer.from(sent), typeof sent !== 'string');
      host?.receive(Buffer.from(sent), typeof sent !== 'string');
    },
  });
  const take = (sent: Buffer, binary: boolean) => {
    dialogue?.read('down', sent, binary);
    for (const { kind, payload } of peer?.receive(sent, binary) ?? [])
      if (kind === 'message') got.push(payload.toString());
  };
  host = adapter?.host({
    opening,
    memory: MEMORY,
    since: (seq) => [1, 2, 3].filter((one) => one > seq).map(message),
    send(sent) {
      if (host === undefined) early.push(Buffer.from(sent));
      else take(Buffer.from(sent), typeof sent !== 'string');
    },
  });
  peer?.open();
  for (const sent of early) take(sent, false);
  const close = () => {
    peer?.close();
    host?.close();
  };
  return { peer, host, ready, got, close };
}

const SUBPROTOCOLS: readonly (readonly [string, Opening, readonly string[]])[] = [
  ['socket-io', { path: '/socket.io/?EIO=4&transport=websocket', subprotocol: undefined }, []],
  ['socket-io', { path: '/socket.io/?EIO=3&transport=websocket', subprotocol: undefined }, []],
  ['mqtt', { path: '/mqtt', subprotocol: 'mqtt' }, ['{"topic":"ticks"}']],
  ['stomp', { path: '/ws', subprotocol: 'v12.stomp' }, ['{"destination":"/topic/ticks"}']],
  ['sockjs', { path: '/echo/000/abc/websocket', subprotocol: undefined }, []],
  ['sockjs', { path: '/echo/000/abc/websocket', subprotocol: undefined }, ['{"destination":"/topic/ticks"}']],
  ['phoenix', { path: '/socket/websocket?vsn=2.0.0', subprotocol: undefined }, ['{"topic":"room:lobby"}']],
  ['phoenix', { path: '/socket/websocket?vsn=1.0.0', subprotocol: undefined }, ['{"topic":"room:lobby"}']],
];

test.each(SUBPROTOCOLS)('%s: our client gets what our host says (%j, %j)', (id, opening, subscriptions) => {
  const { host, ready, got, close } = meet(opening, subscriptions);
  expect(adapterFor(opening)?.id).toBe(id);
  expect(ready).toEqual([undefined]);
  host?.push(message(1));
  expect(got).toHaveLength(1);
  expect(got[0]).toContain('"seq":1');
  close();
});

test('graphql-transport-ws: our client is let in, and no result is made up', () => {
  const opening = { path: '/graphql', subprotocol: 'graphql-transport-ws' };
  const { host, ready, got, close } = meet(opening, ['{"query":"subscription { tick }"}']);
  host?.push(message(1));
  expect([ready, got]).toEqual([[undefined], []]);
  close();
});

test.each(SUBPROTOCOLS.filter(([id, { path }]) => id === 'mqtt' || path.includes('EIO=4')))(
  '%s: who comes back gets what it missed',
  (_, opening, subscriptions) => {
    const first = meet(opening, subscriptions);
    first.host?.push(message(1));
    const cursor = first.peer?.cursor;
    first.close();
    expect(cursor).toBeDefined();
    const again = meet(opening, subscriptions, cursor);
    expect(again.got.map((text) => text.match(/"seq":(\d)/)?.[1])).toEqual(['2', '3']);
    again.close();
  },
);

test('nothing is chosen for a plain server', () => {
  for (const path of ['/', '/feed?last=3', '/ws', '/api/123/websocket', '/socket.io/'])
    for (const subprotocol of [undefined, 'json', 'chat', 'graphql-ws'])
      expect(adapterFor({ path, subprotocol })).toBeUndefined();
});
