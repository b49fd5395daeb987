import { didYouMean, nearest } from './nearest.js';

const ids = ['websocket/no-heartbeat', 'websocket/no-resume', 'websocket/no-replay', 'sse/no-heartbeat'];

test.each([
  ['websocket/no-hartbeat', 'websocket/no-heartbeat'],
  ['no-resmue', 'websocket/no-resume'],
  ['NO-REPLAY', 'websocket/no-replay'],
  ['sse/no-heartbaet', 'sse/no-heartbeat'],
])('%s is meant to be %s', (typed, meant) => {
  expect(nearest(typed, ids)).toBe(meant);
});

test('another word is near nothing', () => {
  expect(nearest('backpressure', ids)).toBeUndefined();
  expect(didYouMean('backpressure', ids)).toBe('');
  expect(didYouMean('x', [])).toBe('');
});
