import { STORY_TARGET } from '../story.js';
import { presentedIn } from './grpc-cursor.js';

const target = (text: string) => ({ ...STORY_TARGET, resume: { in: 'message', text } as const });

test.each([
  ['{"after":"{id}"}', { after: '123', topic: null }, 123],
  ['{"after":{id}}', { after: 123 }, 123],
  ['{"from": {"cursor": "seq-{id}!"}}', { from: { cursor: 'seq-77!' } }, 77],
  ['{"after":"{id}"}', { after: null }, undefined],
  ['{"after":"{id}"}', { topic: 'a' }, undefined],
])('a client that presents %s in %j is understood', (text, fields, id) => {
  expect(presentedIn(fields, target(text))).toBe(id);
});

test('without a declaration a field that looks like an id of ours is one', () => {
  const { resume: _, ...silent } = STORY_TARGET;
  expect(presentedIn({ limit: 10, since: '482113094' }, silent)).toBe(482113094);
  expect(presentedIn({ limit: 10, since: null }, silent)).toBeUndefined();
});
