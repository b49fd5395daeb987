import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { processStartTime } from '../target/process-table.js';

const MAIN = join(__dirname, 'main.js');
const SERVER = `node ${join(__dirname, '../../targets/websocket-server.js')}`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-wedged-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** On the PATH as `toxiproxy-server`: answers like one that is wedged, by none of the calls that change something. */
const WEDGED = `#!${process.execPath}
const { appendFileSync } = require('node:fs');
appendFileSync(process.env.WEDGED_PIDS, process.pid + '\\n');
require('node:http')
  .createServer((request, response) => {
    if (request.url === '/version') response.end('{"version": "2.12.0"}');
    else if (request.method === 'GET') response.end('{}');
  })
  .listen(Number(process.argv[process.argv.indexOf('-port') + 1]), '127.0.0.1');
`;

it('a run whose private Toxiproxy wedges replaces it, says so, judges nothing by it and leaves nothing', async () => {
  writeFileSync(join(folder, 'toxiproxy-server'), WEDGED, { mode: 0o755 });
  const pids = join(folder, 'pids');
  const args = ['check', '--server', SERVER, '--path', '/feed', '--resume', '?last={id}', '--only', 'no-replay'];
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${folder}${delimiter}${process.env.PATH}`,
    WEDGED_PIDS: pids,
    TOXIPROXY_URL: '',
  };
  const code = await new Promise<number | null>((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { cwd: folder, env, timeout: 80_000 }, () =>
      resolve(child.exitCode),
    );
  });
  const history = readFileSync(join(folder, 'results/websocket-server/latest/history.jsonl'), 'utf8');
  expect(history).toMatch(/did not answer POST .*within 5000 ms; that private server is replaced for the scenarios/);
  expect(code).toBe(2);
  const started = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
  expect(started).toHaveLength(2);
  for (const pid of started) expect(processStartTime(pid)).toBeUndefined();
}, 90_000);
