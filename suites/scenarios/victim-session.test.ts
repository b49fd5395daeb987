import type { EventBody, Gate, GateConnection } from '../../harness/contract.js';
import { sessionsOf } from './victim-session.js';

const at = { gate: 'victim', conn: 1 } as const;
const asks = (stream: number, rpc = '/pkg.Feed/Watch'): EventBody => ({
  ...at,
  type: 'handshake',
  dir: 'up',
  stream,
  rpc,
});
const brings = (stream: number): EventBody => ({
  ...at,
  type: 'message',
  dir: 'down',
  opcode: 'binary',
  stream,
  bytes: 9,
  hash: 'm',
});
const resets = (stream: number): EventBody => ({
  ...at,
  type: 'frame',
  dir: 'up',
  frame: 'RST_STREAM',
  stream,
  code: 8,
});
const ends = (stream: number): EventBody => ({ ...brings(stream), opcode: 'close' }) as EventBody;

function seen(...events: readonly EventBody[]) {
  const connection = { id: 1, ended: false, downBytes: 1, downChunks: 0 };
  const gate = { live: [connection as unknown as GateConnection] } as unknown as Gate;
  const sessions = sessionsOf('grpc');
  const see = (...more: readonly EventBody[]) => {
    for (const event of more) sessions.see(event);
  };
  see(...events);
  return { sessions, gate, connection, see, live: () => sessions.live(gate)?.call?.stream };
}

describe('the sessions of a gRPC client', () => {
  test('are its calls that bring messages: none that is over, and none of what every server has', () => {
    expect(seen(asks(1)).live()).toBeUndefined();
    expect(seen(asks(1), brings(1), asks(3), brings(3), ends(3)).live()).toBe(1);
    expect(seen(asks(1), brings(1), asks(3, '/grpc.health.v1.Health/Watch'), brings(3)).live()).toBe(1);
    expect(seen(asks(1), brings(1), resets(1)).live()).toBeUndefined();
    const cut = seen(asks(1), brings(1));
    cut.see({ ...at, type: 'connection', what: 'end', by: 'gate', how: 'RST', upBytes: 1, downBytes: 1 });
    expect(cut.live()).toBeUndefined();
  });

  test('go on by messages of the same call, or of one that began after it, and by no other', () => {
    const { sessions, gate, see } = seen(asks(1), brings(1), asks(3), brings(3));
    const victim = sessions.live(gate);
    if (!victim) throw new Error('no session');
    const goesOn = sessions.goesOn(gate, victim);
    see(brings(1), brings(1), brings(3));
    expect(goesOn(2)).toBe(false);
    see(resets(3));
    expect(sessions.hasEnded(victim)).toBe(true);
    see(asks(5), brings(5));
    expect(goesOn(2)).toBe(false);
    see(brings(5));
    expect(goesOn(2)).toBe(true);
  });
});

test('a session of another protocol is a connection, and goes on by what is read of the server', () => {
  const { gate, connection } = seen();
  const sessions = sessionsOf('websocket');
  const victim = sessions.live(gate);
  if (!victim) throw new Error('no session');
  const goesOn = sessions.goesOn(gate, victim);
  connection.downChunks = 2;
  expect(goesOn(3)).toBe(false);
  connection.downChunks = 3;
  expect(goesOn(3)).toBe(true);
  connection.ended = true;
  expect([goesOn(3), sessions.hasEnded(victim)]).toEqual([false, true]);
});
