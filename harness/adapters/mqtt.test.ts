import { adapterFor, type PeerOptions } from '../adapter.js';
import { joinAs } from './join.test.rig.js';

const opening = { path: '/mqtt', subprotocol: 'mqtt' };
const hex = (text: string) => Buffer.from(text, 'hex');

/** As recorded between mqtt.js 5 and aedes 0.51: each packet in several messages, and a session that is there again. */
const UP = ['10', '14', '0004', '4d515454', '04', '00', '003c', '0008', '737472616e676572', '82', '0a', '4106'];
const CONNACK = ['20', '02', '00', '00'];
const PUBLISH = ['32', '14', '0005', '7469636b73', 'c660', '7b227469636b223a33317d'];
const QOS_0 = '3012' + '0005' + '7469636b73' + '7b227469636b223a33317d';

function join(more: Partial<PeerOptions> = {}) {
  const toHex = (message: string | Buffer) => Buffer.from(message).toString('hex');
  const joined = joinAs(opening, toHex, { subscriptions: ['{"topic":"ticks"}'], ...more });
  return { ...joined, hear: (bytes: string) => joined.hear(hex(bytes)) };
}

describe('what MQTT says', () => {
  test('is read across the borders of WebSocket messages', () => {
    const dialogue = adapterFor(opening)?.listen(opening);
    const up = UP.flatMap((part) => dialogue?.read('up', hex(part), true) ?? []);
    expect(up).toEqual([{ kind: 'control', payload: Buffer.from('connect') }]);
    const down = [...CONNACK, ...PUBLISH].flatMap((part) => dialogue?.read('down', hex(part), true) ?? []);
    expect(down).toEqual([
      { kind: 'control', payload: Buffer.from('connack') },
      { kind: 'message', payload: Buffer.from('{"tick":31}'), repeat: true },
    ]);
  });

  test('tells heartbeats, and what is delivered at most once', () => {
    const dialogue = adapterFor(opening)?.listen(opening);
    expect(dialogue?.read('up', hex('c000'), true)).toMatchObject([{ kind: 'heartbeat' }]);
    expect(dialogue?.read('down', hex('d000'), true)).toMatchObject([{ kind: 'heartbeat' }]);
    expect(dialogue?.read('down', hex(QOS_0), true)).toMatchObject([{ kind: 'message', atMostOnce: true }]);
  });

  test('is nothing in text messages, nor in bytes that are no packet', () => {
    const dialogue = adapterFor(opening)?.listen(opening);
    expect(dialogue?.read('down', Buffer.from('{"seq":1}'), false)).toBeUndefined();
    expect(dialogue?.read('down', hex('0000'), true)).toBeUndefined();
    expect(dialogue?.read('down', hex('d000'), true)).toBeUndefined();
  });
});

describe('our own side', () => {
  test('connects, subscribes, acknowledges', () => {
    const { peer, sent, ready, hear } = join();
    hear('20020000');
    expect(ready).toEqual([]);
    hear('9003000101');
    expect(ready).toEqual([undefined]);
    hear(PUBLISH.join(''));
    expect(sent.slice(1)).toEqual(['820a00010005' + '7469636b73' + '01', '4002c660']);
    expect(peer?.clientDriven).toBe(true);
    peer?.close();
  });

  test('comes back to a session that the server kept, by the same name and without a new subscription', () => {
    const first = join({ resumable: true });
    const { cursor } = first.peer ?? {};
    const again = join({ resumable: true, ...(cursor === undefined ? {} : { cursor }) });
    again.hear('20020100');
    expect(again.ready).toEqual([undefined]);
    expect(again.sent).toEqual([first.sent[0]]);
    again.peer?.close();
  });

  test('tells a refusal', () => {
    const { ready, hear, peer } = join();
    hear('20020005');
    expect(ready[0]).toContain('return code 5');
    peer?.close();
  });
});
