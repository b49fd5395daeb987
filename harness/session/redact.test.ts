import type { EventBody } from '../contract.js';
import { STORY_TARGET } from '../story.js';
import { redactEvent, redactTarget, redactText, redactUrl } from './redact.js';

describe('what a session keeps of secrets', () => {
  it('is no user, password, query value or fragment of a URL', () => {
    const text = redactUrl('wss://me:hunter2@chat.example/feed?token=abc&room=7#frag');
    for (const secret of ['me:', 'hunter2', 'abc', '=7', 'frag']) expect(text).not.toContain(secret);
    expect(text).toContain('chat.example/feed?token=');
  });

  it('is no secret in a text or a command', () => {
    const texts = [
      'node server.js --token s3cret --port 80',
      'node server.js --api-key=s3cret',
      'DB_PASSWORD=s3cret node server.js',
      'failed: Authorization: Bearer s3cret.s3cret',
      'cannot reach ws://127.0.0.1:80/?a=s3cret now',
      'curl -H "Cookie: sid=s3cret"',
    ];
    for (const text of texts) expect(redactText(text)).not.toContain('s3cret');
    expect(redactText('node server.js --port 80')).toBe('node server.js --port 80');
  });

  it('is nothing that a target was given to log in with, and no value of its environment', () => {
    const target = {
      ...STORY_TARGET,
      path: '/feed?token=s3cret',
      env: { DATABASE: 's3cret' },
      auth: { in: 'header', name: 'Authorization', value: 'Bearer s3cret' },
      badAuth: { in: 'query', name: 'token', value: 's3cret' },
      subscribe: { in: 'message', text: '{"key":"s3cret"}' },
      server: {
        command: 'serve --secret s3cret',
        url: 'ws://u:s3cret@localhost/',
        stopSignal: 'SIGTERM',
        graceMs: 1,
        serialCopies: false,
        quietEnv: { K: 's3cret' },
        pressureEnv: { K: 's3cret' },
      },
      client: { command: 'client --password s3cret', pressureEnv: { K: 's3cret' } },
    } as const;
    const kept = JSON.stringify(redactTarget(target));
    expect(kept).not.toContain('s3cret');
    expect(kept).toContain('Authorization');
  });

  it('is no number of a query or a header, which may be a PIN; a cursor stays', () => {
    const fields = {
      '?pin': { hash: 'h', length: 4, number: 1234 },
      'last-event-id': { hash: 'i', length: 1, number: 7 },
    };
    const event: EventBody = { type: 'handshake', gate: 'session', conn: 1, dir: 'up', fields };
    expect(redactEvent(event)).toMatchObject({
      fields: { '?pin': { hash: 'h', length: 4 }, 'last-event-id': { number: 7 } },
    });
    expect(JSON.stringify(redactEvent(event))).not.toContain('1234');
  });
});
