import { execFile, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../clock.js';
import { isRequired } from '../programs.js';
import { noContainers } from './here.test.rig.js';

const ROOT = join(__dirname, '../../..');
const BASES = ['node:20-bookworm-slim', 'nginx:1.27-alpine', 'ghcr.io/shopify/toxiproxy:2.12.0'];
const SERVERS = [7101, 7102, 7201, 7202, 7401, 7402];
const [BUFFERING, STREAMING] = [7301, 7302];

const works = (...argv: readonly string[]) => spawnSync(argv[0] ?? '', argv.slice(1), { stdio: 'ignore' }).status === 0;
const COMPOSE = [['docker', 'compose'], ['docker-compose']].find((argv) => works(...argv, 'version'));

/** What it is built on is never pulled by a test. */
function whyNot(): string | undefined {
  const without = noContainers();
  if (without !== undefined || isRequired('docker')) return without;
  if (!COMPOSE) return 'no docker compose';
  const missing = BASES.find((image) => !works('docker', 'image', 'inspect', image));
  return missing && `no image ${missing}`;
}

async function compose(...args: readonly string[]): Promise<string> {
  const [file = 'docker-compose', ...own] = COMPOSE ?? [];
  const words = [...own, '--project-name', 'holdfast-test', '--file', join(ROOT, 'docker-compose.yml'), ...args];
  const { stdout } = await promisify(execFile)(file, words, { maxBuffer: 2 ** 26 });
  return stdout;
}

const isTaken = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });

/** What has come of a stream by now. */
function listen(port: number) {
  const end = new AbortController();
  let text = '';
  const read = async () => {
    const { body } = await fetch(`http://127.0.0.1:${port}/`, { signal: end.signal });
    for await (const chunk of body ?? []) text += Buffer.from(chunk).toString();
  };
  read().catch(() => undefined);
  return {
    get text() {
      return text;
    },
    [Symbol.dispose]: () => end.abort(),
  };
}

interface State {
  readonly lanes: readonly { readonly conn: number; readonly state: string }[];
}

/** The page of a session, by what it asks and posts. */
function pageAt(url: string) {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
  return {
    html: async () => (await fetch(url)).text(),
    press: async (fault: string) => {
      const answer = await fetch(`${url}api/inject`, { ...post, body: JSON.stringify({ fault }) });
      expect(await answer.json()).toMatchObject({ act: expect.anything() });
    },
    lanes: async (state: string) => {
      const { lanes } = (await (await fetch(`${url}api/state`)).json()) as State;
      return lanes.filter((lane) => lane.state === state).map(({ conn }) => conn);
    },
  };
}

const reason = whyNot();
const played = reason === undefined ? it : it.skip;

played(
  `docker compose up gives a page to click, servers of each kind, and leaves nothing${reason === undefined ? '' : ` (${reason})`}`,
  async () => {
    await compose('build', 'websocket', 'session');
    try {
      await compose('up', '--detach', '--no-build');
      const said = () => compose('logs', '--no-color', 'session');
      const address = async () => /http:\/\/127\.0\.0\.1:\d+\/[\w-]+\//.exec(await said())?.[0];
      const page = pageAt((await until('the session says where its page is', address, 30_000, { stepMs: 250 })) ?? '');
      expect(await page.html()).toContain('<title>');
      const two = async () => (await page.lanes('open')).length >= 2;
      await until('both clients are there', two, 30_000, { stepMs: 250 });
      const before = await page.lanes('open');
      await page.press('reset');
      const cut = async () => {
        const ended = await page.lanes('ended');
        return before.every((conn) => ended.includes(conn));
      };
      await until('both are cut', cut, 5000, { stepMs: 100 });
      await until('both are back', two, 30_000, { stepMs: 250 });

      for (const port of SERVERS) await until(`${port} is served`, () => isTaken(port), 10_000, { stepMs: 100 });
      using held = listen(BUFFERING);
      using live = listen(STREAMING);
      await until('nginx passes a message on', () => live.text.includes('data:'), 10_000, { stepMs: 50 });
      expect(held.text).toBe('');
    } finally {
      await compose('down', '--timeout', '3', '--volumes');
    }
    expect((await compose('ps', '--quiet')).trim()).toBe('');
    expect(await isTaken(7100)).toBe(false);
  },
  400_000,
);
