import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { delay, until } from '../../harness/clock.js';
import type { Run } from '../../harness/contract.js';
import { selfSigned } from '../../harness/path/certificates.js';
import { findProgram, isRequired } from '../../harness/programs.js';

/** What the row rests on, shown where it happens: a page in Chromium, one server with HTTP/2 and one without. */
const MAIN = join(__dirname, '../../harness/cli/main.js');
const browserPath = findProgram('chromium') ?? findProgram('chromium-browser') ?? findProgram('google-chrome');
const able = browserPath !== undefined || isRequired('chromium');
const inBrowser = able ? test : test.skip;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
const WAITS_MS = 2000;

/** A page at /, and a stream of events at /feed, over TLS. */
async function serve(http2: boolean) {
  const { certPem: cert, keyPem: key } = selfSigned(['127.0.0.1'], { from: -1, to: 30 });
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const isFeed = request.url === '/feed';
    response.writeHead(200, { 'content-type': isFeed ? 'text/event-stream' : 'text/html' });
    if (isFeed) response.write('data: hello\n\n');
    else response.end('<!doctype html><title>feed</title>');
  };
  const server = http2
    ? createSecureServer({ cert, key, allowHTTP1: true }, answer as (request: unknown, response: unknown) => void)
    : createServer({ cert, key }, answer);
  const sockets = new Set<{ destroy(): void }>();
  server.on('secureConnection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, sockets, [Symbol.asyncDispose]: stop };
}

/** Seven streams of one page; the page tells how many are open. */
async function openSeven(url: string) {
  const browser = await chromium.launch({ executablePath: browserPath ?? 'chromium', args: FLAGS });
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  await page.goto(url);
  await page.evaluate("window.streams = Array.from({ length: 7 }, () => new EventSource('/feed')); undefined");
  const states = () => page.evaluate<number[]>('window.streams.map(({ readyState }) => readyState)');
  const open = async () => (await states()).filter((state) => state === 1).length;
  return {
    open,
    states,
    closeOne: () => page.evaluate('window.streams.find(({ readyState }) => readyState === 1).close()'),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

async function verdictOn(url: string) {
  const words = ['--protocol', 'sse', '--insecure', '--only', 'sse/six-connections', '--json'];
  const child = spawn(process.execPath, [MAIN, 'check', `${url}feed`, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (bytes) => {
    out += bytes;
  });
  await once(child, 'close');
  return (JSON.parse(out) as Run).verdicts[0];
}

inBrowser(
  'of seven streams of a page the seventh waits under HTTP/1.1, until one of the six is closed',
  async () => {
    await using server = await serve(false);
    await using page = await openSeven(server.url);
    await until('six streams are open', async () => (await page.open()) === 6, 10_000);
    await delay(WAITS_MS);
    expect((await page.states()).toSorted()).toEqual([0, 1, 1, 1, 1, 1, 1]);
    await page.closeOne();
    await until('the seventh is open', async () => (await page.states()).every((state) => state > 0), 10_000);
    expect((await page.states()).toSorted()).toEqual([1, 1, 1, 1, 1, 1, 2]);
  },
  60_000,
);

inBrowser(
  'all seven are open at once over one connection of HTTP/2',
  async () => {
    await using server = await serve(true);
    await using page = await openSeven(server.url);
    await until('seven streams are open', async () => (await page.open()) === 7, 10_000);
    expect(server.sockets.size).toBe(1);
  },
  60_000,
);

test('the check tells a server with HTTP/2 from one without', async () => {
  await using without = await serve(false);
  await using both = await serve(true);
  expect(await verdictOn(without.url)).toMatchObject({
    outcome: 'fail',
    measured: { offered: 'http/1.1', streams: 0 },
  });
  expect(await verdictOn(both.url)).toMatchObject({ outcome: 'pass', measured: { offered: 'h2', streams: 7 } });
}, 120_000);

if (!able) test.skip('a browser is not on this machine: put chromium on the PATH', () => undefined);
