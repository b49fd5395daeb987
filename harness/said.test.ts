import { besidesAnswer, saidOf } from './said.js';

const words = ['bofaku', 'tidemo', 'zuvipa'];
const left = (...lines: string[]) => besidesAnswer(lines, words);

describe('besides an answer', () => {
  test('nothing is said by who prints its words, however they are joined', () => {
    expect(left('bofaku tidemo', ' zuvipa', 'Bofaku,Tidemo.')).toEqual([]);
  });

  test('reports are left to those who read reports', () => {
    expect(left('{"event":"done"}', 'bofaku')).toEqual([]);
  });

  test('numbers are alike', () => {
    expect(left('2 tokens in 0.31 s: bofaku tidemo')).toEqual(left('3 tokens in 1.2 s: bofaku tidemo zuvipa'));
  });
});

describe('what is said of an answer that was cut', () => {
  const whole = left('bofaku tidemo zuvipa', 'Done.');

  test('is nothing where it is what is said of a whole one', () => {
    expect(saidOf(left('bofaku', 'Done.'), whole)).toBe('nothing');
  });

  test('is a warning where it sounds like one', () => {
    expect(saidOf(left('bofaku', '[this answer is incomplete]', 'Done.'), whole)).toBe('warning');
    expect(saidOf(left('bofaku', 'openai.APIConnectionError: Connection error.'), whole)).toBe('warning');
  });

  test('may be one where other words are said, or the last ones are missing', () => {
    expect(saidOf(left('bofaku', 'Hm.', 'Done.'), whole)).toBe('otherwise');
    expect(saidOf(left('bofaku'), whole)).toBe('otherwise');
  });

  test('is nothing where only the last events of the stream are missing from a list of them', () => {
    const events = left('message_start', 'content_block_delta', 'message_stop');
    expect(saidOf(left('message_start', 'content_block_delta'), events)).toBe('nothing');
  });

  test('is nothing where half a line of a whole one was printed', () => {
    expect(saidOf(left('data: {"delta":"bofaku'), left('data: {"delta":"bofaku"}'))).toBe('nothing');
  });
});
