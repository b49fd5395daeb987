import { execFileSync } from 'node:child_process';
import { aRun, aVerdict } from './a-run.js';
import { renderJunit } from './junit.js';

const run = aRun([
  aVerdict(),
  aVerdict({
    check: 'websocket/abrupt-shutdown',
    outcome: 'fail',
    actual: 'said "bye" & <went> \u001b[31m\u0000 away\nfor good',
    because: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  }),
  aVerdict({ check: 'websocket/leaked-session', outcome: 'inconclusive', actual: 'x', reason: 'the fault never bit' }),
  aVerdict({ check: 'websocket/no-replay', outcome: 'skipped', reason: 'needs --resume' }),
]);

describe('the JUnit report', () => {
  const xml = renderJunit(run);

  it('is read by a consumer as it was meant', () => {
    // An ES module, which jest cannot load.
    const script = "import { parse } from 'junit2json'; console.log(JSON.stringify(await parse(process.env.XML)));";
    const read = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: __dirname,
      env: { ...process.env, XML: xml },
      encoding: 'utf8',
    });
    const { tests, failures, errors, testsuite } = JSON.parse(read) as {
      tests: number;
      failures: number;
      errors: number;
      testsuite: { skipped: number; properties: unknown[]; testcase: Record<string, { inner: string }[]>[] }[];
    };
    expect({ tests, failures, errors, skipped: testsuite[0]?.skipped }).toEqual({
      tests: 4,
      failures: 1,
      errors: 1,
      skipped: 1,
    });
    const [passed, failed, broken, skipped] = testsuite[0]?.testcase ?? [];
    expect(Object.keys(passed ?? {})).not.toContain('failure');
    expect(failed?.failure?.[0]?.inner).toContain('actual:   said "bye" & <went> \\e[31m\\x00 away\\nfor good');
    expect(broken?.error?.[0]?.inner).toContain('reason:   the fault never bit');
    expect(skipped?.skipped).toHaveLength(1);
  });

  it('has one testcase a check, named by its rule', () => {
    expect(xml.match(/<testcase /g)).toHaveLength(4);
    expect(xml).toContain(
      '<testcase classname="holdfast.websocket" name="websocket/no-heartbeat: MUST send a heartbeat at least every 30 s" time="0"/>',
    );
    expect(xml).toContain(
      '<testsuite name="holdfast chat" tests="4" failures="1" errors="1" skipped="1" time="91.234"',
    );
  });

  it('tells expected, actual and the evidence of a failure', () => {
    const failure = /<failure message="([^"]*)" type="MUST">([^<]*)<\/failure>/.exec(xml);
    expect(failure?.[2]).toContain('expected: MUST send a heartbeat at least every 30 s\n');
    expect(failure?.[2]).toContain(
      'events 3, 4, 5, 6, 7, 8, 9, 10 and 2 more of history.jsonl (scenario idle, wire view)',
    );
    expect(failure?.[2]).toContain('fix:      send a ping every 25 s');
  });

  it('gives an inconclusive check as an error and a skipped one with its reason', () => {
    expect(xml).toContain('<error message="the fault never bit" type="inconclusive">');
    expect(xml).toContain('<skipped message="needs --resume"/>');
  });

  it('escapes what a target said: markup, and characters that XML forbids', () => {
    expect(xml).toContain('said &quot;bye&quot; &amp; &lt;went&gt; \\e[31m\\x00 away\\nfor good');
    expect([...xml].every((character) => character === '\n' || character >= ' ')).toBe(true);
  });
});
