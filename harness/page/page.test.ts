import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { loadCatalog } from '../catalog.js';
import { nowMs } from '../clock.js';
import { findProgram, isRequired } from '../programs.js';
import { renderHtml } from '../reporters/html.js';
import { aCut, aHostileRun, aStorm, aStormRun, HOSTILE } from './page.test.rig.js';

/** report.html in the Chromium of the distribution, as a person would open it: from the disk. */
const browserPath = findProgram('chromium') ?? findProgram('chromium-browser') ?? findProgram('google-chrome');
const able = browserPath !== undefined || isRequired('chromium');
const inBrowser = able ? test : test.skip;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
/** A bound for a busy machine; `npm run bench:page` measures (2 s are asked for). */
const OPENS_MS = 20_000;

/** The page, what it complained of, and what it asked for from anywhere. */
async function open(html: string, colorScheme: 'light' | 'dark' = 'light') {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-page-'));
  const file = join(folder, 'report.html');
  writeFileSync(file, html);
  const browser = await chromium.launch({ executablePath: browserPath ?? 'chromium', args: FLAGS });
  const context = await browser.newContext({ colorScheme, viewport: { width: 1000, height: 800 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  const url = pathToFileURL(file).href;
  const beganMs = nowMs();
  await page.goto(url);
  // Drawn as it comes into sight.
  await page.locator('figure').first().scrollIntoViewIfNeeded();
  await page.locator('figure[data-drawn]').first().waitFor();
  const openedMs = nowMs() - beganMs;
  const stop = async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  };
  return {
    page,
    complaints,
    openedMs,
    others: () => requests.filter((one) => one !== url),
    [Symbol.asyncDispose]: stop,
  };
}

const failure = '[id="websocket/fixed-retry/client"]';
const report = (text: string) => renderHtml(aHostileRun(text), aCut(text), loadCatalog());

/** How many pixels of the lanes are of the colours that the style sheet gives to these names. */
const PIXELS = `(names) => {
  const canvas = document.querySelector('figure canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const probe = document.body.appendChild(document.createElement('i'));
  const counts = names.map((name) => {
    probe.style.color = 'var(--' + name + ')';
    const wanted = getComputedStyle(probe).color;
    let count = 0;
    for (let at = 0; at < data.length; at += 4)
      if ('rgb(' + data[at] + ', ' + data[at + 1] + ', ' + data[at + 2] + ')' === wanted) count += 1;
    return count;
  });
  probe.remove();
  return counts;
}`;

function pixels(page: Page, names: readonly string[]): Promise<number[]> {
  return page.evaluate<number[]>(`(${PIXELS})(${JSON.stringify(names)})`);
}

inBrowser(
  'the page opens without a complaint or a request, draws its lanes, and is zoomed by drag, button and event',
  async () => {
    await using opened = await open(report('copy-1'));
    const { page } = opened;
    const drawn = await pixels(page, ['open', 'fault', 'evidence']);
    expect(drawn.map((count) => count > 20)).toEqual([true, true, true]);
    const figure = page.locator(`${failure} figure`);
    const range = async () => [
      Number(await figure.getAttribute('data-from')),
      Number(await figure.getAttribute('data-to')),
    ];
    expect(await range()).toEqual([0, 9500]);
    const over = await figure.locator('.u-over').first().boundingBox();
    if (!over) throw new Error('the lanes have no place on the page');
    await page.mouse.move(over.x + over.width * 0.25, over.y + 40);
    await page.mouse.down();
    await page.mouse.move(over.x + over.width * 0.5, over.y + 40, { steps: 4 });
    await page.mouse.up();
    const [from = 0, to = 0] = await range();
    expect(Math.abs(from - 2375) < 100 && Math.abs(to - 4750) < 100).toBe(true);
    await figure.getByRole('button', { name: 'Show all' }).press('Enter');
    expect(await range()).toEqual([0, 9500]);
    await page.locator(`${failure} button.event`).nth(1).click();
    const [left = 0, right = 0] = await range();
    expect(left < 3000 && right > 3000 && right - left < 2000).toBe(true);
    expect(opened.complaints).toEqual([]);
    expect(opened.others()).toEqual([]);
  },
  60_000,
);

inBrowser(
  'what lies under the pointer is told, a verdict opens, and a picture can be read as a list',
  async () => {
    await using opened = await open(report('copy-1'));
    const { page } = opened;
    const figure = page.locator(`${failure} figure`);
    await figure.scrollIntoViewIfNeeded();
    const over = await figure.locator('.u-over').first().boundingBox();
    if (!over) throw new Error('the lanes have no place on the page');
    const { width } = over;
    await page.mouse.move(over.x + (width * 3000) / 9500, over.y + over.height - 12);
    await expect(figure.locator('.tip').textContent()).resolves.toContain(
      'connection 2: never answered, ended by Holdfast (RST)',
    );
    await figure.getByText('The same as a list').click();
    await expect(figure.locator('.list').textContent()).resolves.toContain(
      'connection 1: a session, ended by Holdfast (RST) after 1.8 s',
    );
    const passed = page.locator('article.pass').first();
    await expect(passed.locator('dl').isVisible()).resolves.toBe(false);
    await passed.locator('summary').first().press('Enter');
    await expect(passed.locator('dl').isVisible()).resolves.toBe(true);
    expect(opened.complaints).toEqual([]);
  },
  60_000,
);

inBrowser(
  'hostile text stays text',
  async () => {
    await using opened = await open(report(HOSTILE));
    const { page } = opened;
    await page.locator(`${failure} .list summary`).click();
    expect(await page.evaluate('window.obeyed')).toBeUndefined();
    expect(await page.locator('img').count()).toBe(0);
    await expect(page.locator('h1').textContent()).resolves.toContain('</script><script>window.obeyed = 1');
    await expect(page.locator('body').textContent()).resolves.not.toMatch(/[\u202e\ud800]/u);
    expect(opened.complaints).toEqual([]);
    expect(opened.others()).toEqual([]);
  },
  60_000,
);

inBrowser.each(['light', 'dark'] as const)(
  'an accessibility checker finds nothing serious in a %s page',
  async (colorScheme) => {
    await using opened = await open(report('copy-1'), colorScheme);
    // By the debugger, which the page's policy does not bind.
    await opened.page.evaluate(AXE);
    const { violations } = await opened.page.evaluate<{
      violations: { id: string; impact: string; nodes: { html: string }[] }[];
    }>('axe.run()');
    expect(violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html}`)).toEqual([]);
  },
  60_000,
);

inBrowser(
  'a storm of 10,000 connections opens, and its picture shows the crowd',
  async () => {
    await using opened = await open(renderHtml(aStormRun(), aStorm(10_000), loadCatalog()));
    expect(opened.openedMs).toBeLessThan(OPENS_MS);
    expect((await pixels(opened.page, ['open']))[0]).toBeGreaterThan(20);
    expect(opened.complaints).toEqual([]);
  },
  90_000,
);

if (!able) test.skip('a browser is not on this machine: put chromium on the PATH', () => undefined);
