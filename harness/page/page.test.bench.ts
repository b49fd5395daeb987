import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { loadCatalog } from '../catalog.js';
import { nowMs } from '../clock.js';
import { findProgram } from '../programs.js';
import { renderHtml } from '../reporters/html.js';
import { aStorm, aStormRun } from './page.test.rig.js';

/** `npm run bench:page`: how large a run's page is, and how long until Chromium has opened it and drawn its first picture. */
const CONNECTIONS = [1000, 10_000];
const ROUNDS = 5;

async function main(): Promise<void> {
  const catalog = loadCatalog();
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-page-'));
  const browser = await chromium.launch({
    executablePath: findProgram('chromium') ?? 'chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    for (const connections of CONNECTIONS) {
      const events = aStorm(connections, (n) => `copy-${n}`);
      const beganMs = nowMs();
      const html = renderHtml(aStormRun(), events, catalog);
      const renderMs = nowMs() - beganMs;
      const file = join(folder, `${connections}.html`);
      writeFileSync(file, html);
      const openMs: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const page = await browser.newPage();
        const startedMs = nowMs();
        await page.goto(`${pathToFileURL(file).href}#websocket/storm-collapse/server`);
        await page.locator('figure').first().scrollIntoViewIfNeeded();
        await page.locator('figure[data-drawn]').first().waitFor();
        openMs.push(Math.round(nowMs() - startedMs));
        await page.close();
      }
      const size = `${Math.round(Buffer.byteLength(html) / 1024)} KiB`;
      process.stdout.write(
        `${connections} connections at a gate each: ${events.length} events, made in ${Math.round(renderMs)} ms, ${size}, opened and drawn in ${openMs.join(', ')} ms\n`,
      );
    }
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
