import { migrate } from './migrate.js';
import { aRun, aVerdict } from './reporters/a-run.js';

describe('a saved run', () => {
  test('of this schema is taken as it is', () => {
    const run = aRun([aVerdict({ outcome: 'fail', samples: 3 })]);
    expect(migrate(JSON.parse(JSON.stringify(run)), 'run.json')).toEqual(run);
  });

  test('of a newer Holdfast is refused by its number', () => {
    expect(() => migrate({ ...aRun([]), schema: 'holdfast.run/7' }, 'r/run.json')).toThrow(
      'r/run.json was saved by a newer Holdfast (schema 7; this one reads up to 1)',
    );
  });

  test.each([[{}], [{ schema: 'holdfast.run/0' }], [{ schema: 'other/1' }], [null], ['text']])('is not %j', (saved) => {
    expect(() => migrate(saved, 'run.json')).toThrow('run.json is no saved run');
  });

  test('without its parts is told as such', () => {
    expect(() => migrate({ schema: 'holdfast.run/1' }, 'run.json')).toThrow(
      'lacks verdicts, target, options or summary',
    );
  });
});
