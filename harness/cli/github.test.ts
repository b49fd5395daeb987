import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aRun, aVerdict } from '../reporters/a-run.js';
import { addToStepSummary, annotationsOf, withoutCommands } from './github.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-github-'));
  writeFileSync(join(folder, 'server.mjs'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const verdicts = [
  aVerdict({ check: 'websocket/a', outcome: 'fail', actual: '100 % lost\r\n::stop-commands::x' }),
  aVerdict({ check: 'websocket/b', outcome: 'fail', level: 'SHOULD' }),
  aVerdict({ check: 'websocket/c', outcome: 'inconclusive', reason: 'no bite' }),
  aVerdict({ check: 'websocket/d', outcome: 'inconclusive', level: 'SHOULD' }),
  aVerdict({ check: 'websocket/e', outcome: 'fail', waived: 'known' }),
];

function within(command: string): string[] {
  const run = aRun(verdicts);
  const server = { command, stopSignal: 'SIGTERM', graceMs: 1, serialCopies: false, quietEnv: {}, pressureEnv: {} };
  const target = { ...run.target, server: { ...server, stopSignal: 'SIGTERM' as const }, cwd: folder };
  return annotationsOf({ ...run, target }, {}, { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: folder })
    .trimEnd()
    .split('\n');
}

describe('annotations of GitHub', () => {
  it('are an error for a gated failure and a warning for the others, one line each', () => {
    const lines = within('node server.mjs');
    expect(lines.map((line) => line.replace(/(?<=.)::.*/, ''))).toEqual([
      '::error file=server.mjs,title=MUST websocket/a',
      '::warning file=server.mjs,title=MUST websocket/c',
      '::warning file=server.mjs,title=SHOULD websocket/b',
    ]);
    expect(lines[0]).toContain('::100 %25 lost\\r\\n::stop-commands::x%0AFix: ');
    expect(lines[1]).toContain('::could not be decided: no bite%0ALook at: ');
  });

  it('name no file that is not there', () => {
    expect(within('node other.mjs')[0]).toMatch(/^::error title=MUST websocket\/a::/);
  });

  it('are none outside of a workflow', () => {
    expect(annotationsOf(aRun(verdicts), {}, {})).toBe('');
  });

  it('tell in the last one what there is no room for', () => {
    const many = Array.from({ length: 14 }, (_, i) => aVerdict({ check: `websocket/c${i}`, outcome: 'fail' }));
    const lines = annotationsOf(aRun(many), {}, { GITHUB_ACTIONS: 'true' }).trimEnd().split('\n');
    expect(lines).toHaveLength(10);
    expect(lines[9]).toBe(
      '::error title=Holdfast%3A 5 more::websocket/c9, websocket/c10, websocket/c11, websocket/c12, websocket/c13',
    );
  });
});

test('the report in Markdown is added to the summary of the step', () => {
  const file = join(folder, 'summary.md');
  writeFileSync(file, 'before\n');
  const written = [{ name: 'markdown', path: 'report.md', text: '# Holdfast\n' }];
  addToStepSummary(written, { GITHUB_STEP_SUMMARY: file });
  addToStepSummary([], { GITHUB_STEP_SUMMARY: file });
  addToStepSummary(written, {});
  expect(readFileSync(file, 'utf8')).toBe('before\n# Holdfast\n\n');
});

test('no command in the older form is left in what the runner reads', () => {
  expect(withoutCommands('a ##[add-mask]b', { GITHUB_ACTIONS: 'true' })).toBe('a ## [add-mask]b');
  expect(withoutCommands('a ##[add-mask]b', {})).toBe('a ##[add-mask]b');
});
