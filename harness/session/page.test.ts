import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { until } from '../clock.js';
import type { Run } from '../contract.js';
import { findProgram, isRequired } from '../programs.js';

/** As an engineer would: a page in Chromium, a client that is connected, and what was done there done again. About a minute. */
const MAIN = join(__dirname, '../cli/main.js');
const TARGETS = join(__dirname, '../../targets');
const browserPath = findProgram('chromium') ?? findProgram('chromium-browser') ?? findProgram('google-chrome');
const able = (browserPath !== undefined || isRequired('chromium')) && process.env.HOLDFAST_PROOF === 'full';
const inBrowser = able ? test : test.skip;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
const HELD_MS = 11_000;
const CHECK = 'websocket/no-reconnect';

let folder: string;
let browser: Browser | undefined;
let session: ChildProcess | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-page-'));
  const program = (name: string) => `${process.execPath} ${join(TARGETS, `${name}.js`)}`;
  const chat = {
    server: program('websocket-server'),
    client: `${program('websocket-client')} {url}`,
    engine: 'embedded',
  };
  const targets = { chat, again: { ...chat, replay: './session.scenario.json' } };
  writeFileSync(join(folder, 'holdfast.config.json'), JSON.stringify({ targets }));
});

afterAll(async () => {
  await browser?.close();
  session?.kill('SIGINT');
  rmSync(folder, { recursive: true, force: true });
});

async function holdfast(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args], {
    cwd: folder,
    maxBuffer: 2 ** 26,
  }).catch(
    // Exit codes 1 and 2 are verdicts.
    (error: { readonly stdout: string }) => error,
  );
  return stdout;
}

async function openPage(): Promise<{ readonly page: Page; readonly ended: Promise<number | null> }> {
  const started = spawn(process.execPath, [MAIN, 'session', 'chat'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  session = started;
  let said = '';
  started.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise<number | null>((resolve) => started.once('exit', resolve));
  const address = () => /http:\/\/127\.0\.0\.1:\d+\/[\w-]+\//.exec(said)?.[0] ?? '';
  const url = await until('it says where the page is', address, 30_000, { seen: () => said });
  browser = await chromium.launch({ executablePath: browserPath ?? 'chromium', args: FLAGS });
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  await page.goto(url);
  return { page, ended };
}

const press = (page: Page, fault: string) => page.click(`form[data-fault="${fault}"] button`);
const lane = (state: string) => `.lane[data-state="${state}"]:not([hidden])`;
const verdictOf = (run: Run) => {
  const found = run.verdicts.find(({ check }) => check === CHECK);
  return [found?.outcome, found?.reason];
};

inBrowser(
  'cut all is pressed, the lanes show it, heal is pressed, and the export has the same outcome',
  async () => {
    const complaints: string[] = [];
    const { page, ended } = await openPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (said) => said.type() === 'error' && complaints.push(said.text()));
    await page.waitForSelector(lane('open'));
    await page.waitForTimeout(HELD_MS);
    await page.click('#cut');
    await page.waitForSelector(lane('ended'));
    expect(await page.textContent(lane('ended'))).toContain('gate RST');
    await page.waitForSelector(`#verdicts li[data-check="${CHECK}"]`, { timeout: 20_000 });
    await press(page, 'refuse');
    await page.waitForSelector('#acts li:has-text("refuse")');
    await page.click('#heal');
    await page.waitForSelector('#acts:not(:has(li))', { state: 'attached' });
    await page.fill('#filter', 'refuse');
    await page.waitForSelector('#log li:has-text("heal")');
    await page.click('#end');
    expect([0, 1, 2]).toContain(await ended);
    expect(complaints.filter((text) => !/ERR_|Failed to load/.test(text))).toEqual([]);

    const saved = JSON.parse(readFileSync(join(folder, 'results/chat/latest/run.json'), 'utf8')) as Run;
    expect(await holdfast('session', 'export', 'results/chat/latest')).toContain('wrote session.scenario.json');
    const again = JSON.parse(await holdfast('check', 'again', '--json')) as Run;
    expect(verdictOf(saved)).toEqual(['inconclusive', 'only 1 of 4 ends could be tried']);
    expect(verdictOf(again)).toEqual(verdictOf(saved));
    expect(again.seed).toBe(saved.seed);
  },
  240_000,
);
