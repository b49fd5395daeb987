import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCatalog } from '../catalog.js';
import { makePlan } from '../plan.js';
import { toRunOptions, toTarget } from '../settings.js';
import { announcementOf } from './announcement.js';

const MAIN = join(__dirname, 'main.js');

test('what a run will do to a running server is said scenario by scenario, with its crowd and its time', () => {
  const settings = { url: 'ws://me:secret@192.0.2.1:9/feed', clients: 5000, only: ['storm-collapse', 'no-heartbeat'] };
  const target = toTarget(settings, undefined, '/');
  const plan = makePlan(target, toRunOptions(settings, 'websocket'), loadCatalog());
  const said = announcementOf(plan, true);
  expect(said).toMatch(
    /^about to disturb ws:\/\/\[redacted\]@192\.0\.2\.1:9\/feed, which is not on this machine, for about .*, with up to 5,000 connections at once:\n/,
  );
  for (const { scenario } of plan.scenarios) expect(said).toContain(`${scenario.id}`);
  expect(said).toContain('all clients cut in one instant, all back at once');
  expect(announcementOf(plan, false)).not.toContain('not on this machine');
});

/** Of this machine and no loopback: to Holdfast it is somebody else's. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

(address === undefined ? test.skip : test)(
  'a server elsewhere hears nothing without --i-own-this-target, and with it only after it was said',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-elsewhere-'));
    let [connections, requests] = [0, 0];
    const server = createServer((_, response) => {
      requests += 1;
      response.writeHead(404).end();
    }).on('connection', () => {
      connections += 1;
    });
    server.listen(0, address);
    await once(server, 'listening');
    const url = `ws://${address}:${(server.address() as AddressInfo).port}/`;
    const check = async (...words: string[]) => {
      const args = [MAIN, 'check', url, '--only', 'unanswered-ping', '--json', '--engine', 'embedded', ...words];
      const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
      let [stderr, heardBefore] = ['', -1];
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk;
        if (heardBefore < 0 && stderr.includes('about to disturb')) heardBefore = requests;
      });
      const [code] = (await once(child, 'close')) as [number];
      return { code, stderr, heardBefore };
    };
    try {
      expect(await check()).toMatchObject({ code: 3, stderr: expect.stringContaining('say --i-own-this-target') });
      expect(connections).toBe(0);
      const owned = await check('--i-own-this-target');
      expect(owned).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/^about to disturb .*not on this machine/),
      });
      expect(owned.heardBefore).toBe(0);
      expect(requests).toBeGreaterThan(0);
    } finally {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);
