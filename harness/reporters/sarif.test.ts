import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import type { Log } from 'sarif';
import { aRun, aVerdict } from './a-run.js';
import { renderSarif } from './sarif.js';

/** Of OASIS, as Microsoft's matchers for jest carry it: draft 4, of which it uses nothing that later drafts read otherwise. */
const { id, $schema, ...schema } = require('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json') as Record<
  string,
  unknown
>;
const ajv = addFormats(new Ajv({ strict: false, logger: false, unicodeRegExp: false }));
const validate = ajv.compile(schema);

const HOSTILE = 'see [here](https://x.example) {0} \u0000\u001b[31m\ud800 <b>';
const verdicts = [
  aVerdict(),
  aVerdict({ check: 'websocket/abrupt-shutdown', outcome: 'fail', actual: HOSTILE, antiPattern: null }),
  aVerdict({ check: 'websocket/drops-on-spike', level: 'SHOULD', outcome: 'fail' }),
  aVerdict({ check: 'websocket/drops-on-spike', level: 'SHOULD', role: 'client', outcome: 'fail', waived: 'known' }),
  aVerdict({ check: 'websocket/leaked-session', outcome: 'inconclusive', reason: HOSTILE }),
  aVerdict({ check: 'websocket/no-replay', outcome: 'skipped', reason: 'needs --resume' }),
];
const base = aRun(verdicts);
const server = {
  command: 'node "src/my server.mjs" --port {port}',
  stopSignal: 'SIGTERM',
  graceMs: 1,
  serialCopies: false,
  quietEnv: {},
  pressureEnv: {},
} as const;

function logOf(target: Partial<typeof base.target>): Log {
  const log = JSON.parse(renderSarif({ ...base, target: { ...base.target, ...target } })) as Log;
  expect(validate(log) || validate.errors).toBe(true);
  return log;
}

describe('the SARIF report', () => {
  it('has a result for each failure, and a notification for what could not be decided', () => {
    const [run] = logOf({}).runs;
    expect(run?.results?.map(({ ruleId, level }) => [ruleId, level])).toEqual([
      ['websocket/abrupt-shutdown', 'error'],
      ['websocket/drops-on-spike.server', 'warning'],
      ['websocket/drops-on-spike.client', 'warning'],
    ]);
    expect(run?.results?.map(({ ruleId, ruleIndex = 0 }) => run.tool.driver.rules?.[ruleIndex]?.id === ruleId)).toEqual(
      [true, true, true],
    );
    expect(run?.results?.[2]?.suppressions).toHaveLength(1);
    const [invocation] = run?.invocations ?? [];
    expect(invocation?.toolExecutionNotifications?.map(({ associatedRule }) => associatedRule?.id)).toEqual([
      'websocket/leaked-session',
    ]);
    expect(invocation?.endTimeUtc).toBe('2026-11-23T05:01:31.234Z');
  });

  it('gives what a target said as text: no link, no placeholder, no control character', () => {
    const text = logOf({}).runs[0]?.results?.[0]?.message.text;
    expect(text).toMatch(
      /^see \\\[here\\\]\(https:\/\/x\.example\) \{\{0\}\} \\\\x00\\\\e\\\[31m\\\\ud800 <b>\. Expected: MUST/,
    );
  });

  it('takes the level from the severity of the config', () => {
    const severity = { 'websocket/abrupt-shutdown': 'warn', 'websocket/drops-on-spike': 'error' } as const;
    expect(logOf({ severity }).runs[0]?.results?.map(({ level }) => level)).toEqual(['warning', 'error', 'error']);
  });

  it('places a result in the file that the command names, or by the name of the target', () => {
    const of = (target: Partial<typeof base.target>) =>
      logOf(target).runs[0]?.results?.[0]?.locations?.[0]?.physicalLocation?.artifactLocation;
    expect(of({ server: { ...server, command: './bin/server --fixed' } })).toEqual({
      uri: 'bin/server',
      uriBaseId: '%SRCROOT%',
    });
    expect(of({ server: { ...server, command: 'PORT=1 node src/server.mjs /x.js' }, cwd: '/a b' })?.uri).toBe(
      'src/server.mjs',
    );
    expect(of({ server: { ...server, command: 'python -m app.main http://x/a.b ../up.py' }, cwd: '/a' })).toEqual({
      uri: 'chat',
    });
    expect(of({ name: 'my chat' })).toEqual({ uri: 'my%20chat' });
  });

  it('has a result for a budget that is not kept', () => {
    const facts = { check: 'websocket/no-heartbeat', role: 'server', actual: 'x', value: null } as const;
    const budgets = (['pass', 'fail', 'inconclusive'] as const).map((outcome) => ({
      ...facts,
      budget: `longestSilenceMs <= ${outcome.length}`,
      outcome,
    }));
    const log = JSON.parse(renderSarif({ ...aRun([aVerdict()]), budgets })) as Log;
    expect(validate(log) || validate.errors).toBe(true);
    expect(log.runs[0]?.results?.map(({ ruleIndex, level }) => [ruleIndex, level])).toEqual([
      [1, 'error'],
      [1, 'warning'],
    ]);
  });
});
