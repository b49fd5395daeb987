import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nowMs, until } from '../clock.js';
import { percentile } from '../numbers.js';
import { findProgram } from '../programs.js';
import { toRunOptions, toTarget } from '../settings.js';
import { serveSession } from './api.js';
import { clientUrl, openSession } from './live-session.js';

/**
 * `npm run bench:session`: what a session costs 1,000 connections that each send a message a second and get it back, with the page
 * open in Chromium where there is one. Prints numbers and asserts none. `-- COUNT` for another number of connections.
 */
const COUNT = Number(process.argv[2] ?? 1000);
const EVERY_MS = 1000;
const FOR_MS = 15_000;
const FRAMES_MS = 10_000;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];

function peer(...args: readonly string[]): ChildProcess {
  return fork(join(__dirname, 'bench-peer.js'), [...args]);
}

/** Round trips through `url`; `whenOpen` begins when all are connected. */
async function trips(url: string, whenOpen: () => Promise<void> = async () => undefined): Promise<number[]> {
  const clients = peer('clients', url, String(COUNT), String(EVERY_MS), String(FOR_MS));
  let opened: Promise<void> | undefined;
  const done = new Promise<number[]>((resolve, reject) => {
    clients.on('message', (said: { readonly open?: number; readonly tripsMs?: number[] }) => {
      if (said.open !== undefined) opened = whenOpen();
      if (said.tripsMs) resolve(said.tripsMs);
    });
    clients.once('exit', () => reject(new Error('the clients ended early')));
  });
  const found = await done;
  await opened;
  clients.kill();
  return found;
}

function told(name: string, values: readonly number[]): string {
  const at = (share: number) => percentile(values, share * 100).toFixed(2);
  return `${name.padEnd(28)} p50 ${at(0.5)} ms   p99 ${at(0.99)} ms   ${values.length} round trips`;
}

/** How long each frame of the page took to be drawn. */
async function frames(url: string): Promise<number[] | undefined> {
  const executablePath = findProgram('chromium') ?? findProgram('chromium-browser') ?? findProgram('google-chrome');
  if (executablePath === undefined) return undefined;
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    await page.goto(url);
    await page.waitForSelector('.lane');
    return await page.evaluate<number[]>(`new Promise((resolve) => {
      const gaps = [];
      const endMs = performance.now() + ${FRAMES_MS};
      let last = performance.now();
      const frame = (now) => {
        gaps.push(now - last);
        last = now;
        if (now < endMs) requestAnimationFrame(frame); else resolve(gaps);
      };
      requestAnimationFrame(frame);
    })`);
  } finally {
    await browser.close();
  }
}

async function main(): Promise<void> {
  const server = peer('server');
  const port = await new Promise<number>((resolve) => server.once('message', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const settings = { url: `ws://127.0.0.1:${port}/`, engine: 'embedded' } as const;
  const direct = await trips(settings.url);
  const session = await openSession({
    target: { ...toTarget(settings, 'bench', folder), roles: ['server', 'client'] },
    options: toRunOptions({ ...settings, seed: 1 }, 'websocket'),
    resultsDir: folder,
    recordPayloads: false,
    signal: new AbortController().signal,
  });
  const api = await serveSession(session, () => undefined);
  let gaps: number[] | undefined;
  const through = await trips(clientUrl(session));
  // Apart from the round trips: a browser that starts takes a core or two for seconds.
  await trips(clientUrl(session), async () => {
    gaps = await frames(api.url);
  });
  const sum = [told('straight to the server', direct), told('through the session', through)];
  const addedMs = percentile(through, 50) - percentile(direct, 50);
  sum.push(`added, p50                   ${addedMs.toFixed(2)} ms with ${COUNT} connections (goal: under 1 ms)`);
  sum.push(
    gaps === undefined
      ? 'frames                       not measured: no Chromium here'
      : `frames of the page           p50 ${percentile(gaps, 50).toFixed(1)} ms   p99 ${percentile(gaps, 99).toFixed(1)} ms   longest ${Math.max(...gaps).toFixed(1)} ms (goal: under 100 ms)`,
  );
  const cutMs = nowMs();
  await session.hands.inject(
    { fault: 'reset', params: {}, scope: 'all', forMs: undefined, inMs: 0, times: 1, everyMs: 0 },
    'bench',
  );
  await until('all are cut', () => session.lanes.totals(nowMs()).live === 0, 10_000);
  sum.push(`cut all                      ${(nowMs() - cutMs).toFixed(1)} ms`);
  process.stdout.write(`${sum.join('\n')}\n`);
  await api[Symbol.asyncDispose]();
  await session.finish();
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
