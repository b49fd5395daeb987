import { createRandom } from '../random.js';
import { garbageDeflated, garbageFrames } from './garbage-frames.js';
import { garbageHandshakes } from './garbage-handshakes.js';

const GOOD = ['GET /feed HTTP/1.1', 'Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade'];

function casesOf(seed: number) {
  const random = createRandom(seed, 'garbage');
  return [garbageHandshakes(random, GOOD), garbageFrames(random), garbageDeflated(random)].flat();
}

function whole(cases: ReturnType<typeof casesOf>): Buffer {
  return Buffer.concat(cases.map(([, bytes]) => bytes));
}

describe('garbage', () => {
  it('is at least 200 cases, the same for the same seed and others for another', () => {
    const first = casesOf(7);
    expect(first.length).toBeGreaterThanOrEqual(200);
    expect(whole(casesOf(7)).equals(whole(first))).toBe(true);
    expect(whole(casesOf(8)).equals(whole(first))).toBe(false);
  });

  it('leaves no handshake whole among those that are cut off', () => {
    const cut = garbageHandshakes(createRandom(7), GOOD).filter(([kind]) => kind === 'a handshake cut off');
    expect(cut.length).toBeGreaterThan(10);
    for (const [, bytes] of cut) expect(bytes.toString('latin1')).not.toContain('\r\n\r\n');
  });
});
