import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nowMs, until, watchLoop } from '../clock.js';
import { percentile } from '../numbers.js';
import { findProgram } from '../programs.js';
import { toRunOptions, toTarget } from '../settings.js';
import { openEngine } from '../toxiproxy/find.js';
import { serveSession } from './api.js';
import { clientUrl, openSession } from './live-session.js';

/**
 * `npm run bench:session`: what a session costs 1,000 connections that each send a message a second and get it back, beside what
 * anything in between costs: a proxy that only copies bytes, and Toxiproxy without a toxic. All of them twice, in turn, since a
 * machine is not the same from one minute to the next. Then with the page open, in Chromium where there is one: its frames. Prints
 * numbers and asserts none. `-- COUNT` for another number of connections.
 */
const COUNT = Number(process.argv[2] ?? 1000);
const EVERY_MS = 1000;
const FOR_MS = 8000;
const ROUNDS = 2;
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

function told(name: string, values: readonly number[], directMs: number): string {
  const at = (share: number) => percentile(values, share * 100);
  const added = (at(0.5) - directMs).toFixed(2);
  return `${name.padEnd(28)} p50 ${at(0.5).toFixed(2)} ms (added ${added})   p99 ${at(0.99).toFixed(2)} ms   ${values.length} round trips`;
}

async function portOf(process: ChildProcess): Promise<number> {
  return new Promise((resolve) => process.once('message', resolve));
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
  const port = await portOf(server);
  const copier = peer('proxy', String(port));
  const copied = await portOf(copier);
  const engine = await openEngine('auto', 1);
  const toxic = await engine.client.createProxy({ name: 'bench', upstream: `127.0.0.1:${port}` });
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const settings = { url: `ws://127.0.0.1:${port}/`, engine: 'embedded' } as const;
  const session = await openSession({
    target: { ...toTarget(settings, 'bench', folder), roles: ['server', 'client'] },
    options: toRunOptions({ ...settings, seed: 1 }, 'websocket'),
    resultsDir: folder,
    recordPayloads: false,
    signal: new AbortController().signal,
  });
  const api = await serveSession(session, () => undefined);
  const ways = [
    { name: 'straight to the server', url: settings.url, tripsMs: [] as number[] },
    { name: 'through a proxy that copies', url: `ws://127.0.0.1:${copied}/`, tripsMs: [] as number[] },
    { name: `through ${engine.kind}`, url: `ws://127.0.0.1:${toxic.listenPort}/`, tripsMs: [] as number[] },
    { name: 'through the session', url: clientUrl(session), tripsMs: [] as number[] },
  ];
  let cpuMs = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    for (const way of ways) {
      const before = process.cpuUsage();
      const loop = watchLoop();
      way.tripsMs.push(...(await trips(way.url)));
      const { p99Ms, maxMs } = loop.read();
      loop[Symbol.dispose]();
      if (way.url !== clientUrl(session)) continue;
      const { user, system } = process.cpuUsage(before);
      cpuMs += (user + system) / 1000;
      process.stdout.write(
        `its event loop was late by   p99 ${p99Ms.toFixed(1)} ms   at most ${maxMs.toFixed(1)} ms\n`,
      );
    }
  }
  let gaps: number[] | undefined;
  // Apart from the round trips: a browser that starts takes a core or two for seconds.
  await trips(clientUrl(session), async () => {
    gaps = await frames(api.url);
  });
  const directMs = percentile(ways[0]?.tripsMs ?? [], 50);
  const sum = ways.map(({ name, tripsMs }) => told(name, tripsMs, directMs));
  const count = ways.at(-1)?.tripsMs.length ?? 1;
  sum.push(`the session's processor time ${(cpuMs / count).toFixed(3)} ms a round trip (goal: under 1 ms added, p50)`);
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
  await engine[Symbol.asyncDispose]();
  copier.kill();
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
