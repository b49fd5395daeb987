/**
 * `npm run prove -- --interrupt N [--seed S]`: N runs of the resilient programs, each ended at a random moment by one of the
 * kinds of interruption.ts, four at a time; the table of docs/reliability.md. Exit code 1 where anything was left or wrong.
 */
import { freshSeed } from '../harness/random.js';
import { findRealServer } from '../harness/toxiproxy/find.js';
import { startEmbeddedProcess, startRealServer } from '../harness/toxiproxy/server-process.js';
import { type Interruption, interrupt, KINDS, type Kind, PHASES, whyNoSmallDisk } from './interruption.js';

const BESIDE = 4;

export async function proveInterruptions(times: number, seed = freshSeed()): Promise<number> {
  if (!Number.isInteger(times) || times < 1) throw new Error('--interrupt takes how many times, 1 or more');
  const noDisk = whyNoSmallDisk();
  if (noDisk !== undefined) print(`without a full disk: ${noDisk}`);
  const kinds = KINDS.filter((kind) => noDisk === undefined || kind !== 'full disk');
  print(`${times} interruptions, seed ${seed}`);
  const done: Interruption[] = [];
  let next = 0;
  const lane = async () => {
    const binary = findRealServer();
    await using server = await (binary ? startRealServer(binary) : startEmbeddedProcess(seed));
    while (next < times) {
      const n = next++;
      const kind: Kind = kinds[n % kinds.length] ?? kinds[0] ?? 'SIGINT to the harness';
      const one = await interrupt(kind, seed + n, server.url);
      done.push(one);
      print(
        `${done.length} of ${times}: seed ${seed + n}, ${kind}, ${one.phase}: ${one.wrong.join('; ') || 'nothing left'}`,
      );
    }
  };
  await Promise.all(Array.from({ length: BESIDE }, lane));
  print(table(done));
  const wrong = done.filter((one) => one.wrong.length > 0).length;
  print(`${times} interruptions: ${wrong} left something, or lost it`);
  return wrong === 0 ? 0 : 1;
}

function table(done: readonly Interruption[]): string {
  const row = (name: string, of: readonly Interruption[]) =>
    `| ${[name, ...PHASES.map((phase) => of.filter((one) => one.phase === phase).length), of.length].join(' | ')} |`;
  return [
    `| ended by | ${PHASES.join(' | ')} | all |`,
    `| --- |${' --- |'.repeat(PHASES.length + 1)}`,
    ...KINDS.map((kind) =>
      row(
        kind,
        done.filter((one) => one.kind === kind),
      ),
    ),
    row('all', done),
  ].join('\n');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
