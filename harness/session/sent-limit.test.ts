import { SentLimit } from './sent-limit.js';

const conn = { gate: 'session', conn: 1 } as const;
const message = { type: 'message', ...conn, dir: 'up', opcode: 'text', bytes: 1, hash: '' } as const;
const frame = { type: 'frame', ...conn, dir: 'up', frame: 'RST_STREAM', stream: 1 } as const;

describe('what peers send in a session', () => {
  it.each([message, frame])('is recorded up to a number, then its ends alone: $type', (event) => {
    const limit = new SentLimit();
    const kept = Array.from({ length: 300_000 }, () => limit.take(event)).flat();
    expect(kept).toHaveLength(200_001);
    expect(kept.at(-1)).toMatchObject({ type: 'obstacle', code: 'MESSAGES_LEFT_OUT' });
    expect(limit.take({ ...message, opcode: 'close' })).toHaveLength(1);
    expect(limit.take({ ...frame, frame: 'GOAWAY' })).toHaveLength(1);
  });

  it('is no connection: of those each is recorded', () => {
    const limit = new SentLimit();
    const kept = Array.from({ length: 300_000 }, () =>
      limit.take({ type: 'connection', ...conn, what: 'start' }),
    ).flat();
    expect(kept).toHaveLength(300_000);
  });
});
