import { fillSlot } from './resume.js';

test.each([
  ['{"last":"{id}"}', '57', '{"last":"57"}'],
  ['{"last":{id}}', '57', '{"last":57}'],
  ['{"last":{id}}', '01J8ZQ', '{"last":"01J8ZQ"}'],
  ['{"last":"{id}"}', 'a"b', '{"last":"a\\"b"}'],
  ['{"since":{id}}', '{"n1":5,"n2":3}', '{"since":{"n1":5,"n2":3}}'],
])('%s holds the id %s as JSON', (text, id, filled) => {
  expect(fillSlot({ in: 'message', text }, id)).toEqual({ in: 'message', text: filled });
});
