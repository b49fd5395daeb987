import { printable, printableLines } from './printable.js';

test('control characters, overrides and lone surrogates are shown, not obeyed', () => {
  expect(printable('a\u001b[2Jb\r\n\t\u0000\u009bc')).toBe('a\\e[2Jb\\r\\n\\t\\x00\\x9bc');
  expect(printable('\u202Eevil\ud800')).toBe('\\u202eevil\\ud800');
});

test('other text stays as it is', () => {
  expect(printable('grüße 😀 日本')).toBe('grüße 😀 日本');
  expect(printableLines('a\nb\u0007')).toBe('a\nb\\x07');
});
