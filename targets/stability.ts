/**
 * `npm run stability [-- --protocol P] [-- --runs N] [-- --full]`: the resilient pair N times (10) while every core is kept busy, against a
 * run before that in peace. Prints each verdict that changed; exit code 1 where one did. `--full` keeps the real windows.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Run, Verdict } from '../harness/contract.js';
import { checkResilient, type Protocol, SCALE } from './subjects.js';

const { values } = parseArgs({
  options: {
    protocol: { type: 'string', default: 'websocket' },
    runs: { type: 'string', default: '10' },
    full: { type: 'boolean' },
  },
});

const results = mkdtempSync(join(tmpdir(), 'holdfast-stability-'));
const busy: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of busy) child.kill('SIGKILL');
  rmSync(results, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

async function main(): Promise<void> {
  const pair = { protocol: values.protocol as Protocol, roles: ['server', 'client'] } as const;
  const once = () => checkResilient(pair, results, values.full ? [] : ['--scale', SCALE]);
  const calm = await once();
  const same = (run: Run, { check, role }: Verdict) =>
    run.verdicts.find((one) => one.check === check && one.role === role);
  const told = (verdict: Verdict | undefined) => `${verdict?.outcome} (${verdict?.actual || verdict?.reason})`;
  let executions = 0;
  let changes = 0;
  for (let core = 0; core < availableParallelism(); core++)
    busy.push(spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  for (let n = 1; n <= Number(values.runs); n++) {
    const run = await once();
    const changed = run.verdicts.filter((verdict) => verdict.outcome !== same(calm, verdict)?.outcome);
    executions += run.verdicts.length;
    changes += changed.length;
    process.stdout.write(`run ${n}: ${Math.round(run.durationMs / 1000)} s, ${changed.length} changed\n`);
    for (const verdict of changed)
      process.stdout.write(`  ${verdict.check}: ${told(same(calm, verdict))} -> ${told(verdict)}\n`);
  }
  process.stdout.write(`${changes} verdicts changed in ${executions} check executions with every core busy\n`);
  process.exit(changes === 0 ? 0 : 1);
}

void main();
