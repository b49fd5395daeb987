import type { Target } from '../contract.js';
import { STORY_TARGET } from '../story.js';
import { eventStreamRequest, webSocketHandshake } from './handshake-lines.js';

const target: Target = {
  ...STORY_TARGET,
  path: '/feed',
  auth: { in: 'header', name: 'Authorization', value: 'Bearer x' },
  subscribe: { in: 'query', name: 'topic', value: 'a' },
};
const where = { to: { host: '127.0.0.1', port: 80 } };

it.each([webSocketHandshake, eventStreamRequest])('%O carries what the target declares', (linesOf) => {
  const lines = linesOf(target, where);
  expect(lines[0]).toBe('GET /feed?topic=a HTTP/1.1');
  expect(lines).toContain('Authorization: Bearer x');
});

it('a request with a first message is a POST that says how long it is', () => {
  const asked: Target = { ...target, subscribe: { in: 'message', text: '{"a":1}' } };
  const lines = eventStreamRequest(asked, where);
  expect(lines[0]).toBe('POST /feed HTTP/1.1');
  expect(lines).toContain('Content-Length: 7');
});
