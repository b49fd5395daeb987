import { STORY_TARGET } from '../story.js';
import { heartbeatAnswer } from './engine-io.js';

const at = (path: string) => heartbeatAnswer({ ...STORY_TARGET, path });

describe('the answer to a heartbeat of the server', () => {
  test('is a pong packet to a ping packet of Engine.IO 4', () => {
    const answer = at('/socket.io/?EIO=4&transport=websocket');
    expect(answer?.(Buffer.from('2'))).toBe('3');
    expect(answer?.(Buffer.from('2probe'))).toBeUndefined();
    expect(answer?.(Buffer.from('42["x"]'))).toBeUndefined();
  });

  test('is its time again to a ping of Primus', () => {
    const answer = at('/primus/');
    expect(answer?.(Buffer.from('"primus::ping::1700000000000"'))).toBe('"primus::pong::1700000000000"');
    expect(answer?.(Buffer.from('{"type":"echo","text":"primus::ping::1"}'))).toBeUndefined();
    expect(at('/primuses')).toBeUndefined();
  });

  test('is none where the path names no such protocol', () => {
    expect(at('/feed?EIO=3')).toBeUndefined();
    expect(at('/')).toBeUndefined();
  });
});
