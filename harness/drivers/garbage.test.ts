import { createRandom, type Random } from '../random.js';
import { garbageForEventStream } from './garbage-event-stream.js';
import { garbageForGrpc } from './garbage-grpc.js';
import { garbageForWebSocket } from './garbage-websocket.js';

const GOOD = ['GET /feed HTTP/1.1', 'Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade'];

const garbageForCalls = (random: Random) => garbageForGrpc(random, '/a.B/C');

describe.each([garbageForWebSocket, garbageForEventStream, garbageForCalls])('garbage of %O', (garbageFor) => {
  const casesOf = (seed: number) => garbageFor(createRandom(seed, 'garbage'), GOOD).flatMap(([, list]) => list);
  const whole = (cases: ReturnType<typeof casesOf>) => Buffer.concat(cases.map(([, bytes]) => bytes));

  it('is at least 200 cases, the same for the same seed and others for another', () => {
    const first = casesOf(7);
    expect(first.length).toBeGreaterThanOrEqual(200);
    expect(whole(casesOf(7)).equals(whole(first))).toBe(true);
    expect(whole(casesOf(8)).equals(whole(first))).toBe(false);
  });
});

it.each([garbageForWebSocket, garbageForEventStream])(
  'garbage of %O leaves no handshake whole among those that are cut off',
  (garbageFor) => {
    const cut = garbageFor(createRandom(7, 'garbage'), GOOD)
      .flatMap(([, list]) => list)
      .filter(([kind]) => kind === 'a handshake cut off');
    expect(cut.length).toBeGreaterThan(10);
    for (const [, bytes] of cut) expect(bytes.toString('latin1')).not.toContain('\r\n\r\n');
  },
);
