import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aRun, aVerdict } from './reporters/a-run.js';
import { renderJson } from './reporters/json.js';
import { openRun } from './saved-run.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-saved-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function saved(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

const whole = renderJson(aRun([aVerdict()]));

it('opens a run by its folder or its run.json', () => {
  const path = saved('whole', { 'run.json': whole });
  expect(openRun(path).run.seed).toBe(42);
  expect(openRun(join(path, 'run.json'))).toEqual(openRun(path));
});

test.each([
  ['a folder that is no run', { 'index.html': '' }, /is no saved run: there is no run\.json in it/],
  ['a run that was not judged', { 'history.jsonl': '{}' }, /ended before it was judged/],
  ['a half-written run', { 'run.json': whole.slice(0, 500) }, /run\.json is cut off or no JSON/],
  ['an empty file', { 'run.json': '' }, /cut off or no JSON/],
  [
    'a run of a newer Holdfast',
    { 'run.json': '{"schema":"holdfast.run/9"}' },
    /by a newer Holdfast \(schema 9; this one/,
  ],
  ['a run of another schema', { 'run.json': '{"schema":"other/1"}' }, /has schema "other\/1", not/],
  ['a file of somebody else', { 'run.json': '[1]' }, /has no schema/],
  ['nothing', { 'run.json': 'null' }, /has no schema/],
  ['a run without verdicts', { 'run.json': '{"schema":"holdfast.run/1"}' }, /lacks verdicts/],
])('refuses %s by what it lacks', (name, files, message) => {
  expect(() => openRun(saved(name, files))).toThrow(message);
});

it('refuses what is not there', () => {
  expect(() => openRun(join(folder, 'missing'))).toThrow(/there is no saved run/);
});
