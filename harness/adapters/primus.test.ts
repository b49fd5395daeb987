import { adapterFor } from '../adapter.js';

const opening = (path: string) => ({ path, subprotocol: undefined });

describe('Primus', () => {
  test('answers a ping of the server with its time again', () => {
    const sent: unknown[] = [];
    const peer = adapterFor(opening('/primus/'))?.join({
      opening: opening('/primus/'),
      send: (message) => sent.push(message),
      name: 'one',
      subscriptions: [],
      resumable: false,
      beats: true,
      onReady: () => {},
    });
    expect(peer?.receive(Buffer.from('"primus::ping::1700000000000"'), false)?.[0]?.kind).toBe('heartbeat');
    expect(peer?.receive(Buffer.from('{"type":"echo","text":"primus::ping::1"}'), false)).toBeUndefined();
    expect(sent).toEqual(['"primus::pong::1700000000000"']);
  });

  test('is chosen by its path alone', () => {
    expect(adapterFor(opening('/primuses'))).toBeUndefined();
    expect(adapterFor(opening('/feed'))).toBeUndefined();
  });
});
