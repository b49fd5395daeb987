import { join } from 'node:path';
import type { Run } from '../harness/contract.js';
import { commandOf, type Ended, expectSafe, runHoldfast } from './hostile.test.rig.js';

/** Programs that nobody should run, and what they must not do to Holdfast (docs/reliability.md). */
const full = process.env.HOLDFAST_PROOF === 'full' ? test : test.skip;
const TIMEOUT_MS = 300_000;
/** Their memory is told apart by their processes; most of the time each waits. */
const AT_ONCE = 3;
const REPORTERS = ['terminal', 'html', 'json', 'junit', 'markdown', 'sarif', 'trace'];

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

const [KEPT, OPEN, FAILED] = [['pass'], ['inconclusive'], ['fail']];
const EITHER = [...KEPT, ...OPEN];
const METHOD = ['--proto', join(__dirname, '../../targets/feed.proto'), '--method', 'holdfast.feed.v1.Feed/Subscribe'];
const HEADS = { 'cacheable-stream': EITHER };

const ROWS: readonly Row[] = [
  { program: 'websocket/endless-stream', checks: { 'unanswered-ping': EITHER, 'no-heartbeat': EITHER } },
  { program: 'websocket/giant-frame', checks: { 'unanswered-ping': EITHER, 'cross-origin': EITHER } },
  { program: 'websocket/drip', checks: { 'unanswered-ping': FAILED, 'cross-origin': KEPT } },
  { program: 'websocket/many-headers', checks: { 'unanswered-ping': KEPT, 'cross-origin': KEPT } },
  {
    program: 'websocket/many-headers endless',
    checks: { 'unanswered-ping': [] },
    refused: /refused a websocket handshake .*Header overflow/,
  },
  { program: 'websocket/forks', checks: { 'unanswered-ping': KEPT, 'cross-origin': KEPT } },
  { program: 'websocket/bomb', checks: { 'unanswered-ping': KEPT, 'cross-origin': KEPT } },
  { program: 'websocket/noisy', checks: { 'unanswered-ping': KEPT, 'cross-origin': KEPT } },
  { program: 'websocket/markup', checks: { 'unanswered-ping': KEPT, 'wrong-close-code': KEPT } },
  {
    program: 'websocket/slow',
    checks: { 'unanswered-ping': [] },
    refused: /refused a websocket handshake .* answered nothing/,
  },
  { program: 'websocket/noisy.client', checks: { 'no-reconnect': EITHER, 'accepts-bad-handshake': EITHER } },
  { program: 'websocket/rude.client', checks: { 'no-reconnect': EITHER, 'accepts-bad-handshake': EITHER } },
  { program: 'sse/drip', checks: { 'cacheable-stream': KEPT, 'cross-origin': KEPT } },
  // Those requests of its that ask for the same stream present no id, which may be held against it.
  { program: 'sse/rude.client', checks: { 'no-reconnect': EITHER, 'stale-last-event-id': [...EITHER, ...FAILED] } },
  { program: 'sse/frantic.client', checks: { 'no-reconnect': EITHER, 'hot-retry': [...OPEN, ...FAILED] } },
  { program: 'sse/endless-line', checks: HEADS },
  { program: 'sse/bomb', checks: HEADS },
  { program: 'sse/markup', checks: { 'cacheable-stream': KEPT, 'cross-origin': KEPT } },
  { program: 'sse/broken-http chunk-line', checks: HEADS },
  { program: 'sse/broken-http chunk', checks: HEADS, refused: /ended each session .*Invalid character in chunk size/ },
  { program: 'sse/broken-http trailers', checks: HEADS, refused: /ended each session .*Header overflow/ },
  { program: 'sse/broken-http headers', checks: HEADS, refused: /refused a request .*Header overflow/ },
  { program: 'sse/broken-http status', checks: HEADS, refused: /refused a request .*Invalid HTTP version/ },
  { program: 'sse/broken-http many-headers', checks: { 'cacheable-stream': EITHER, 'cross-origin': KEPT } },
  { program: 'sse/broken-http slow', checks: HEADS, refused: /refused a request .*answered nothing/ },
  { program: 'grpc/giant-message', words: METHOD, checks: { 'ignored-cancel': EITHER } },
  { program: 'grpc/drip', words: METHOD, checks: { 'ignored-cancel': [...OPEN, 'skipped'] } },
  ...['reset', 'ping', 'continuation', 'message'].map((kind) => ({
    program: `grpc/rude.client ${kind}`,
    words: METHOD,
    checks: { 'no-reconnect': EITHER },
  })),
  { program: 'grpc/endless-headers', words: METHOD, checks: { 'ping-strike': [] }, refused: /refused a gRPC call/ },
  {
    program: 'grpc/endless-headers bomb',
    words: METHOD,
    checks: { 'ping-strike': [] },
    refused: /refused a/,
  },
];

const idsOf = ({ program, checks }: Row) => Object.keys(checks).map((id) => `${program.split('/')[0]}/${id}`);

function run(row: Row): Promise<Ended> {
  const { program, words = [] } = row;
  const protocol = program.split('/')[0] ?? '';
  const role = /\.client\b/.test(program) ? '--client' : '--server';
  return runHoldfast([
    ...['check', role, commandOf(program), '--protocol', protocol, '--path', '/feed', '--only', idsOf(row).join()],
    ...[...words, '--scale', '0.2', '--engine', 'embedded', '--reporter', REPORTERS.join()],
  ]);
}

const running = new Map<Row, Promise<Ended>>();

/** What a row came to: those behind it are begun as well, and one that is tried again is run again. */
async function ended(row: Row): Promise<Ended> {
  for (const next of ROWS.slice(ROWS.indexOf(row)).slice(0, AT_ONCE)) {
    if (!running.has(next)) running.set(next, run(next));
  }
  const own = running.get(row);
  running.delete(row);
  return own ?? run(row);
}

// Of those that were begun ahead and are not asked for.
afterAll(() => Promise.all(running.values()), TIMEOUT_MS);

full.each(ROWS)(
  '$program: Holdfast stays small, fails nothing that is right, and leaves nothing (HOLDFAST_PROOF=full)',
  async (row) => {
    const found = await ended(row);
    const { code, said, reports } = found;
    expectSafe(found);
    if (row.refused !== undefined) return expect([code, said]).toEqual([3, expect.stringMatching(row.refused)]);
    const { verdicts } = JSON.parse(reports.get('run.json') ?? '') as Run;
    const only = idsOf(row);
    const told = verdicts.filter(({ check }) => only.includes(check));
    const allowed = (check: string) => row.checks[check.split('/')[1] ?? ''] ?? [];
    expect(told.filter(({ check, outcome }) => !allowed(check).includes(outcome))).toEqual([]);
    expect(told).toHaveLength(only.length);
  },
  TIMEOUT_MS,
);
