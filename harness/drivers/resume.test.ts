import { fieldOfSlot, fillSlot } from './resume.js';

test.each([
  ['{"last":"{id}"}', '57', '{"last":"57"}'],
  ['{"last":{id}}', '57', '{"last":57}'],
  ['{"last":{id}}', '01J8ZQ', '{"last":"01J8ZQ"}'],
  ['{"last":"{id}"}', 'a"b', '{"last":"a\\"b"}'],
  ['{"since":{id}}', '{"n1":5,"n2":3}', '{"since":{"n1":5,"n2":3}}'],
])('%s holds the id %s as JSON', (text, id, filled) => {
  expect(fillSlot({ in: 'message', text }, id)).toEqual({ in: 'message', text: filled });
});

test('an observer keeps what is presented under the name of its header or of its parameter', () => {
  expect(fieldOfSlot({ in: 'header', name: 'Last-Event-ID', value: '{id}' })).toBe('last-event-id');
  expect(fieldOfSlot({ in: 'query', name: 'since', value: '{id}' })).toBe('?since');
  expect(fieldOfSlot({ in: 'message', text: '{"last":{id}}' })).toBeUndefined();
});
