/**
 * `npm run prove -- --stability N [--protocol P] [--only ID,..] [--full] [--all]`: the resilient pairs of all protocols once in peace and N times
 * under load (load.ts), side by side, each verdict held against that of peace. `--full` keeps the real windows; `--all` adds every flawed and
 * tricky program, one after another. Runs with another verdict are kept.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Run, Verdict } from '../harness/contract.js';
import { type Protocol, SCALE } from './checked.js';
import { putUnderLoad } from './load.js';
import { checkResilient, nameOf, RESILIENT } from './resilient.js';
import { aimsOf, prove, subjects } from './subjects.js';

interface Settings {
  readonly times: number;
  readonly protocol: string | undefined;
  readonly full: boolean;
  readonly all: boolean;
  readonly only: readonly string[] | undefined;
}

interface Program {
  readonly name: string;
  run(results: string): Promise<Run>;
}

/** What became of a verdict of peace: the opposite of it is what must never be. */
type Change = 'flipped' | 'turned inconclusive' | 'changed';

export async function measureStability(settings: Settings): Promise<number> {
  const { times, all } = settings;
  if (!Number.isInteger(times) || times < 1) throw new Error('--stability takes how many times, 1 or more');
  const programs = programsOf(settings);
  if (programs.length === 0) throw new Error('no program is left to run: look at --protocol and --only');
  const results = mkdtempSync(join(tmpdir(), 'holdfast-stability-'));
  const kept = join(results, 'kept');
  const counts = { flipped: 0, 'turned inconclusive': 0, changed: 0 };
  const calm = new Map<string, Run>();
  let executions = 0;
  await eachOf(programs, all, async ({ name, run }) => {
    calm.set(name, await run(join(results, 'calm')));
  });
  const undecided = [...calm.values()].flatMap(({ verdicts }) =>
    verdicts.filter(({ outcome }) => outcome === 'inconclusive'),
  );
  for (const verdict of undecided) print(`in peace: ${told(verdict)}`);
  using load = putUnderLoad(results);
  process.on('exit', () => load[Symbol.dispose]());
  for (let n = 1; n <= times; n++) {
    await eachOf(programs, all, async ({ name, run }) => {
      const before = calm.get(name);
      const folder = join(results, 'now', fileName(name));
      const now = await run(folder);
      const changes = before ? changesOf(before, now) : [];
      executions += now.verdicts.filter(({ outcome }) => outcome !== 'skipped').length;
      print(`${n} of ${times}: ${name}: ${Math.round(now.durationMs / 1000)} s, ${changes.length} verdicts changed`);
      for (const { change, was, is } of changes) {
        counts[change] += 1;
        print(`  ${change}: ${told(was)} -> ${told(is)}`);
      }
      if (changes.length === 0) rmSync(folder, { recursive: true, force: true });
      else {
        const place = join(kept, `${n}-${fileName(name)}`);
        mkdirSync(dirname(place), { recursive: true });
        renameSync(folder, place);
        print(`  saved in ${place}`);
      }
    });
  }
  const changed = counts.flipped + counts['turned inconclusive'] + counts.changed;
  if (changed === 0) rmSync(results, { recursive: true, force: true });
  else print(`runs with a changed verdict are kept in ${kept}`);
  print(
    `${executions} check executions in ${times} x ${programs.length} runs under load (${load.about}): ${counts.flipped} flipped, ${counts['turned inconclusive']} turned inconclusive with their reason, ${counts.changed} changed otherwise; ${undecided.length} inconclusive in peace`,
  );
  return counts.flipped + counts.changed + undecided.length === 0 ? 0 : 1;
}

/** The pairs beside each other, which is some more load; of hundreds of programs one at a time. */
async function eachOf(
  programs: readonly Program[],
  inTurn: boolean,
  work: (program: Program) => Promise<void>,
): Promise<void> {
  if (!inTurn) await Promise.all(programs.map(work));
  else for (const program of programs) await work(program);
}

function fileName(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, '-');
}

function programsOf({ protocol, full, all, only }: Omit<Settings, 'times'>): Program[] {
  const own = (one: Protocol) => (only ?? []).filter((id) => id.startsWith(`${one}/`));
  const isAsked = (one: Protocol) =>
    (protocol === undefined || one === protocol) && (only === undefined || own(one).length > 0);
  const pairs = RESILIENT.filter((form) => form.roles.length === 2 && isAsked(form.protocol)).map((form) => ({
    name: nameOf(form),
    run: (results: string) =>
      checkResilient(form, results, [
        ...(full ? [] : ['--scale', SCALE]),
        ...(only === undefined ? [] : ['--only', own(form.protocol).join(',')]),
      ]),
  }));
  const others = subjects().filter(
    (subject) =>
      all && isAsked(subject.protocol) && (only === undefined || aimsOf(subject).some((id) => only.includes(id))),
  );
  return [
    ...pairs,
    ...others.map((subject) => ({
      name: subject.file,
      run: async (results: string) => (await prove(subject, results)).run,
    })),
  ];
}

function changesOf(before: Run, now: Run) {
  return now.verdicts.flatMap((is) => {
    const was = before.verdicts.find(({ check, role }) => check === is.check && role === is.role);
    if (!was || was.outcome === is.outcome) return [];
    return [{ was, is, change: changeOf(was, is) }];
  });
}

function changeOf({ outcome: was }: Verdict, { outcome: is, reason }: Verdict): Change {
  if ((was === 'pass' && is === 'fail') || (was === 'fail' && is === 'pass')) return 'flipped';
  return is === 'inconclusive' && reason !== null ? 'turned inconclusive' : 'changed';
}

function told({ check, outcome, actual, reason }: Verdict): string {
  return `${check} ${outcome} (${outcome === 'inconclusive' ? (reason ?? actual) : actual || reason})`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
