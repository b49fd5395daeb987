import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Rules, rejudge } from './rejudge.js';
import { openRun } from './saved-run.js';

/** Saved by the Holdfast of 2026-11-23, before crashes, waivers, confidence and the self-check were in run.json. */
const OLD = join(__dirname, '../../harness/rejudge.test.run');
const PING = 'websocket/unanswered-ping';
const folder = mkdtempSync(join(tmpdir(), 'holdfast-rejudge-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rules = (more: Partial<Rules>) => () => ({ expect: {}, severity: {}, known: [], ...more });

describe('a run that an early Holdfast saved', () => {
  it('is judged again to the same verdicts, and its MUSTs that were left out are counted', async () => {
    const { run, flips } = await rejudge(openRun(OLD));
    expect(flips).toEqual([]);
    expect(run.verdicts).toMatchObject([{ check: PING, outcome: 'pass', waived: null, margin: expect.anything() }]);
    expect(run).toMatchObject({ waivers: [], selfCheck: null, summary: { pass: 1, crashed: false, grade: null } });
    expect(run.summary.mustLeftOut).toBeGreaterThan(10);
  });

  it('was not asked what came after it', async () => {
    const later = join(folder, 'later');
    cpSync(OLD, later, { recursive: true });
    const saved = JSON.parse(readFileSync(join(later, 'run.json'), 'utf8')) as { options: { only: string[] } };
    saved.options.only = [];
    writeFileSync(join(later, 'run.json'), JSON.stringify(saved));
    const { run } = await rejudge(openRun(later));
    expect(run.summary).toMatchObject({ pass: 1, fail: 0, inconclusive: 0, grade: null });
    const told = run.verdicts.find(({ check }) => check === 'websocket/no-heartbeat');
    expect(told?.reason).toBe('came after this run, which has no scenario idle');
  });

  it('tells which verdicts flip by other thresholds, and by which', async () => {
    const { flips } = await rejudge(openRun(OLD), rules({ expect: { [PING]: { maxPongMs: 0.001 } } }));
    expect(flips).toEqual([
      { check: PING, role: 'server', from: 'pass', to: 'fail', thresholds: [['maxPongMs', 5000, 0.001]] },
    ]);
  });

  it('is held against the waivers that hold on its own day', async () => {
    const known = [{ check: PING, reason: 'r', until: '2026-11-30' }];
    const { run } = await rejudge(openRun(OLD), rules({ known, expect: { [PING]: { maxPongMs: 0.001 } } }));
    expect(run.verdicts[0]).toMatchObject({ outcome: 'fail', waived: 'r' });
    expect(run.waivers.map(({ state }) => state)).toEqual(['holds']);
  });
});
