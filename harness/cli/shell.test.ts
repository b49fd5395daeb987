import { replayCommand } from './shell.js';

test('a replay is what was typed, with the seed it had', () => {
  expect(replayCommand(['check', 'chat', '--seed', '1', '--json', '--only', 'a,b'], 42)).toBe(
    'holdfast check chat --only a,b --seed 42',
  );
  expect(replayCommand(['check', '--seed=1', 'chat'], 42)).toBe('holdfast check chat --seed 42');
});

test('what a shell would understand otherwise is quoted', () => {
  expect(replayCommand(['check', '--server', "sh -c 'exec x'", '--resume', '?last={id}'], 7)).toBe(
    "holdfast check --server 'sh -c '\\''exec x'\\''' --resume '?last={id}' --seed 7",
  );
});
