import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { every, waitFor } from '../harness/clock.js';
import type { Run } from '../harness/contract.js';
import { environmentHolds, processTable } from '../harness/target/process-table.js';

/** Programs that nobody should run, and what they must not do to Holdfast (docs/reliability.md). */
const full = process.env.HOLDFAST_PROOF === 'full' ? test : test.skip;
const MAIN = join(__dirname, '../harness/cli/main.js');
const HOSTILE = join(__dirname, 'hostile/');
const MOST_BYTES = 512 * 2 ** 20;
const GONE_MS = 10_000;
const TIMEOUT_MS = 300_000;
const REPORTERS = ['terminal', 'html', 'json', 'junit', 'markdown', 'sarif', 'trace'];
/** Of `unsafe-text.ts`: what no report may hold as it is, C0 but for ends of lines, C1 and bidirectional overrides among them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const COMMANDS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const MARKUP = /<script>alert|<img src=x/;
const STACK = /^ +at .*:\d+:\d+\)?$/m;

// A busy machine may make a verdict inconclusive, which is right and is not what is looked for here.
jest.retryTimes(1, { logErrorsBeforeRetry: true });

interface Row {
  /** Below `hostile/`, with its argument. */
  readonly program: string;
  readonly words?: readonly string[];
  /** Each check that is tried with what it may come to: no more than that is known of it. */
  readonly checks: Readonly<Record<string, readonly string[]>>;
  /** The run cannot begin, and says so in one sentence. */
  readonly refused?: RegExp;
}

const [KEPT, OPEN] = [['pass'], ['inconclusive']];
const EITHER = [...KEPT, ...OPEN];
const METHOD = ['--proto', join(__dirname, '../../targets/feed.proto'), '--method', 'holdfast.feed.v1.Feed/Subscribe'];
const HEADS = { 'cacheable-stream': EITHER };

const ROWS: readonly Row[] = [
  { program: 'websocket/endless-stream', checks: { 'unanswered-ping': EITHER, 'no-heartbeat': EITHER } },
  { program: 'websocket/giant-frame', checks: { 'unanswered-ping': EITHER, 'cross-origin': EITHER } },
  { program: 'websocket/bomb', checks: { 'unanswered-ping': KEPT, 'cross-origin': KEPT } },
  { program: 'websocket/noisy', checks: { 'unanswered-ping': KEPT, 'cross-origin': KEPT } },
  { program: 'websocket/markup', checks: { 'unanswered-ping': KEPT, 'wrong-close-code': KEPT } },
  {
    program: 'websocket/slow',
    checks: { 'unanswered-ping': [] },
    refused: /refused a websocket handshake .* answered nothing/,
  },
  { program: 'websocket/noisy.client', checks: { 'no-reconnect': EITHER, 'accepts-bad-handshake': EITHER } },
  { program: 'sse/endless-line', checks: HEADS },
  { program: 'sse/bomb', checks: HEADS },
  { program: 'sse/markup', checks: { 'cacheable-stream': KEPT, 'cross-origin': KEPT } },
  { program: 'sse/broken-http chunk-line', checks: HEADS },
  { program: 'sse/broken-http chunk', checks: HEADS, refused: /ended each session .*Invalid character in chunk size/ },
  { program: 'sse/broken-http trailers', checks: HEADS, refused: /ended each session .*Header overflow/ },
  { program: 'sse/broken-http headers', checks: HEADS, refused: /refused a request .*Header overflow/ },
  { program: 'sse/broken-http status', checks: HEADS, refused: /refused a request .*Invalid HTTP version/ },
  { program: 'sse/broken-http slow', checks: HEADS, refused: /refused a request .*answered nothing/ },
  { program: 'grpc/giant-message', words: METHOD, checks: { 'ignored-cancel': EITHER } },
  { program: 'grpc/endless-headers', words: METHOD, checks: { 'ping-strike': [] }, refused: /refused a gRPC call/ },
  {
    program: 'grpc/endless-headers bomb',
    words: METHOD,
    checks: { 'ping-strike': [] },
    refused: /refused a/,
  },
];

full.each(ROWS)(
  '$program: Holdfast stays small, fails nothing that is right, and leaves nothing (HOLDFAST_PROOF=full)',
  async ({ program, words = [], checks, refused }) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-hostile-'));
    const mark = `HOSTILE_RUN=${folder}`;
    try {
      const [file = '', argument = ''] = program.split(' ');
      const [protocol = '', name = ''] = file.split('/');
      const command = `"${process.execPath}" "${join(HOSTILE, `${file}.js`)}" ${argument}`.trim();
      const role = name.endsWith('.client') ? '--client' : '--server';
      const only = Object.keys(checks).map((id) => `${protocol}/${id}`);
      const child = spawn(
        process.execPath,
        [
          ...[MAIN, 'check', role, command, '--protocol', protocol, '--path', '/feed', '--only', only.join(), ...words],
          ...['--scale', '0.2', '--engine', 'embedded', '--reporter', REPORTERS.join(), '--results', folder],
        ],
        { env: { ...process.env, HOSTILE_RUN: folder }, stdio: ['ignore', 'pipe', 'pipe'] },
      );
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
      let mostBytes = 0;
      using _watching = every(500, () => {
        mostBytes = Math.max(mostBytes, ownBytes(child.pid ?? 0));
      });
      const [code] = (await once(child, 'close')) as [number];
      expect([0, 1, 2, 3]).toContain(code);
      expect(said).not.toMatch(STACK);
      expect(said).not.toMatch(COMMANDS);
      expect(said).not.toMatch(/^::/m);
      expect(mostBytes).toBeGreaterThan(0);
      expect(mostBytes).toBeLessThan(MOST_BYTES);
      expect(await waitFor(() => left(mark).length === 0 || undefined, GONE_MS)).toBe(true);
      if (refused !== undefined) return expect([code, said]).toEqual([3, expect.stringMatching(refused)]);
      const directory = join(folder, name, 'latest');
      const run = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as Run;
      const told = run.verdicts.filter(({ check }) => only.includes(check));
      const allowed = (check: string) => checks[check.split('/')[1] ?? ''] ?? [];
      expect(told.filter(({ check, outcome }) => !allowed(check).includes(outcome))).toEqual([]);
      expect(told).toHaveLength(only.length);
      for (const report of readdirSync(directory)) {
        const text = readFileSync(join(directory, report), 'utf8');
        expect([report, COMMANDS.exec(text)]).toEqual([report, null]);
        if (/\.(html|md|xml)$/.test(report)) expect([report, MARKUP.exec(text)]).toEqual([report, null]);
      }
    } finally {
      for (const pid of left(mark)) process.kill(pid, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  },
  TIMEOUT_MS,
);

/**
 * Memory of our own processes: what several share counts once (PSS), since each of seven Node processes has the same 45 MB of code. The
 * target and what it started are not ours.
 */
function ownBytes(root: number): number {
  const table = processTable();
  let kilobytes = 0;
  for (let ours = [root]; ours.length > 0; ) {
    for (const pid of ours) kilobytes += Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
    ours = [...table].flatMap(([pid, { parent }]) =>
      ours.includes(parent) && !read(`/proc/${pid}/cmdline`).includes(HOSTILE) ? [pid] : [],
    );
  }
  return kilobytes * 1024;
}

function left(mark: string): number[] {
  return [...processTable().keys()].filter((pid) => pid !== process.pid && environmentHolds(pid, mark));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
