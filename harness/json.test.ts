import { isJson, printableJson } from './json.js';

test('what a terminal would obey is escaped, and read back as it was', () => {
  const value = { '\u001b[2J\u009b31m': '\u202eevil\u007f', plain: 'ü ☃ 😀' };
  const text = printableJson(value);
  expect(text).toBe('{"\\u001b[2J\\u009b31m":"\\u202eevil\\u007f","plain":"ü ☃ 😀"}');
  expect(isJson(text) && JSON.parse(text)).toEqual(value);
});
