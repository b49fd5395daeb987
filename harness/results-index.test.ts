import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from './contract.js';
import { aRun, aVerdict } from './reporters/a-run.js';
import { renderJson } from './reporters/json.js';
import { renderResults } from './reporters/results-page.js';
import { readResults, writeResultsIndex } from './results-index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-results-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function save(name: string, day: number, text: string): string {
  const path = join(folder, name, `2026-11-${String(day).padStart(2, '0')}T05-00-00-000Z`);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'run.json'), text);
  return path;
}

function aRunOf(day: number, longestSilenceMs: number, given: Partial<Run> = {}): Run {
  const startedAt = `2026-11-${String(day).padStart(2, '0')}T05:00:00.000Z`;
  const outcome = longestSilenceMs > 30_000 ? 'fail' : 'pass';
  return aRun([aVerdict({ outcome, measured: { longestSilenceMs } })], { startedAt, ...given });
}

it('has a trend of grades and numbers a target, its runs newest first, and tells what it could not read', () => {
  save('chat', 1, renderJson(aRunOf(1, 40_000)));
  const second = save('chat', 2, renderJson(aRunOf(2, 25_000)));
  writeFileSync(join(second, 'report.html'), '');
  symlinkSync('2026-11-02T05-00-00-000Z', join(folder, 'chat', 'latest'));
  save('chat', 3, '{"schema":');
  save('feed', 1, renderJson(aRunOf(1, 1)));
  writeFileSync(join(folder, 'README.md'), '');
  writeResultsIndex(folder);
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  expect(page).toContain('aria-label="Grades from the oldest run to the newest: C, A+"');
  expect(page).toContain('1 could not be read');
  expect(page).toContain('<span class="name">websocket/no-heartbeat longestSilenceMs (server)</span>');
  expect(page.indexOf('href="chat/2026-11-02T05-00-00-000Z/report.html"')).toBeGreaterThan(0);
  expect(page.indexOf('href="chat/2026-11-01T05-00-00-000Z/run.json"')).toBeGreaterThan(
    page.indexOf('href="chat/2026-11-02T05-00-00-000Z/report.html"'),
  );
  expect(page).toContain('<h2 id="t-feed-name">feed</h2>');
});

it('shows the newest thirty runs of a target', () => {
  for (let day = 1; day <= 31; day += 1) save('chat', day, renderJson(aRunOf(day, 1)));
  const [target] = readResults(folder);
  expect([target?.runs.length, target?.older, target?.runs[0]?.startedAt.slice(0, 10)]).toEqual([30, 1, '2026-11-02']);
});

it('replaces a page of its own and leaves one of somebody else alone', () => {
  const path = join(folder, 'index.html');
  writeFileSync(path, '<h1>mine</h1>');
  writeResultsIndex(folder);
  expect(readFileSync(path, 'utf8')).toBe('<h1>mine</h1>');
  rmSync(path);
  writeResultsIndex(folder);
  expect(readFileSync(path, 'utf8')).toContain('No run is saved here yet.');
  save('chat', 1, renderJson(aRunOf(1, 1)));
  writeResultsIndex(folder);
  expect(readFileSync(path, 'utf8')).toContain('href="#t-chat"');
});

it('gives names and failures as text, and asks nobody for anything', () => {
  const evil = '"><script>alert(1)</script>\u0000';
  const [indexed] = (() => {
    save('chat', 1, renderJson(aRunOf(1, 40_000, { startedAt: evil, version: evil })));
    return readResults(folder);
  })();
  const page = renderResults([{ runs: [], older: 0, unreadable: 0, ...indexed, name: evil }]);
  expect(page).not.toMatch(/<script|https?:|src=|url\(|@import/);
  expect(page).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\x00');
  expect(page).toContain("default-src 'none'");
});
