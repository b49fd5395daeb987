import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { delay } from '../clock.js';
import { messageOf } from '../errors.js';
import { createToxiproxyClient } from '../path/toxiproxy.js';
import type { UpstreamPorts } from './bench-upstream.js';
import {
  connectionRate,
  loadedRoundTrips,
  memoryPerConnection,
  quantile,
  roundTrips,
  throughput,
} from './bench-work.js';
import { findRealServer } from './find.js';
import { type ServerProcess, startEmbeddedProcess, startRealServer } from './server-process.js';

/**
 * `npm run bench:proxy`: the embedded server beside the real one, in one run, on the same work, in turns. Client, upstream
 * and server are three processes. `--designs` adds proxies that are not Toxiproxies (bench-pipe.ts), `--quick` does little of
 * everything, to see that it works.
 */
interface Subject {
  readonly name: string;
  readonly pids: readonly number[];
  readonly echoPort: number;
  readonly sourcePort: number;
  /** A port whose echo comes `LATENCY_MS` later. */
  readonly latePort?: number;
}

const LATENCY_MS = 20;

type Metric = keyof typeof METRICS;
/** What is measured, and whether more of it is better. */
const METRICS = {
  'added latency idle p50 us': 'less',
  'added latency idle p99 us': 'less',
  'added latency loaded p50 us': 'less',
  'added latency loaded p99 us': 'less',
  'throughput 1 connection MB/s': 'more',
  'throughput 64 connections MB/s': 'more',
  'connections a second': 'more',
  'injected latency error p50 us': 'less',
  'injected latency error p99 us': 'less',
  'memory a connection kB': 'less',
} as const;

interface Amounts {
  readonly rounds: number;
  readonly trips: number;
  readonly bulkBytes: number;
  readonly connects: number;
  readonly late: number;
  readonly held: number;
}
const FULL: Amounts = { rounds: 5, trips: 3000, bulkBytes: 256e6, connects: 3000, late: 30, held: 1000 };
const QUICK: Amounts = { rounds: 1, trips: 50, bulkBytes: 4e6, connects: 50, late: 1, held: 20 };

/** What one round gave. `no proxy` comes first in each round: what is added is over the same moment's direct way. */
type Round = ReadonlyMap<Metric, number>;

async function measure(subject: Subject, amounts: Amounts): Promise<Map<Metric, number>> {
  const { echoPort, sourcePort } = subject;
  await roundTrips(echoPort, Math.ceil(amounts.trips / 5));
  const idle = await roundTrips(echoPort, amounts.trips);
  const loaded = await loadedRoundTrips(echoPort, amounts.trips);
  return new Map<Metric, number>([
    ['added latency idle p50 us', quantile(idle, 0.5) * 1000],
    ['added latency idle p99 us', quantile(idle, 0.99) * 1000],
    ['added latency loaded p50 us', quantile(loaded, 0.5) * 1000],
    ['added latency loaded p99 us', quantile(loaded, 0.99) * 1000],
    ['throughput 1 connection MB/s', await throughput(sourcePort, 1, amounts.bulkBytes)],
    ['throughput 64 connections MB/s', await throughput(sourcePort, 64, amounts.bulkBytes)],
    ['connections a second', await connectionRate(echoPort, amounts.connects)],
  ]);
}

/**
 * How far the injected latency is off, in microseconds: many short turns, for the late end of what a busy machine does
 * to a timer must meet all alike.
 */
async function measureErrors(subjects: readonly Subject[], { late }: Amounts): Promise<ReadonlyMap<string, number[]>> {
  const errors = new Map<string, number[]>();
  for (let turn = 0; turn < late; turn++) {
    for (const { name, echoPort, latePort } of subjects) {
      if (latePort === undefined) continue;
      const usual = quantile(await roundTrips(echoPort, 25), 0.5);
      const lanes = Array.from({ length: 4 }, async (_, index) => {
        await delay(index * 5);
        return roundTrips(latePort, 25);
      });
      const off = (await Promise.all(lanes)).flat().map((time) => Math.abs(time - usual - LATENCY_MS) * 1000);
      errors.set(name, [...(errors.get(name) ?? []), ...off]);
    }
  }
  return errors;
}

/** The median over the rounds: one that the rest of the machine disturbed does not decide. */
function summarize(rounds: readonly Round[], direct: readonly Round[]): Map<Metric, number> {
  const table = new Map<Metric, number>();
  for (const metric of Object.keys(METRICS) as Metric[]) {
    const values = rounds.map((round, index) => {
      const base = metric.startsWith('added') ? (direct[index]?.get(metric) ?? 0) : 0;
      return (round.get(metric) ?? Number.NaN) - base;
    });
    table.set(metric, quantile(values, 0.5));
  }
  return table;
}

async function overToxiproxy(name: string, server: ServerProcess, { echo, source }: UpstreamPorts): Promise<Subject> {
  const client = createToxiproxyClient(server.url);
  const open = (label: string, port: number) => client.createProxy({ name: label, upstream: `127.0.0.1:${port}` });
  const late = await open('late', echo);
  await late.addToxic({ type: 'latency', attributes: { latency: LATENCY_MS } });
  return {
    name,
    pids: [server.pid],
    echoPort: (await open('echo', echo)).listenPort,
    sourcePort: (await open('source', source)).listenPort,
    latePort: late.listenPort,
  };
}

/** What the benchmark started, to be ended with it. */
class Rig implements AsyncDisposable {
  private readonly ends: (() => unknown)[] = [];

  /** A script of this folder, which says something to us first. */
  async start<T>(script: string, ...args: readonly string[]): Promise<T> {
    const child = fork(join(__dirname, script), args, { execArgv: [] });
    this.ends.push(() => child.kill('SIGKILL'));
    const [said] = await once(child, 'message');
    return said;
  }

  own(server: ServerProcess): ServerProcess {
    this.ends.push(() => server[Symbol.asyncDispose]());
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.ends.map((end) => end()));
  }
}

async function overPipe(name: string, how: readonly string[], ports: UpstreamPorts, rig: Rig): Promise<Subject> {
  const start = (port: number) => rig.start<{ port: number }>('bench-pipe.js', String(port), ...how);
  const [echo, source] = [await start(ports.echo), await start(ports.source)];
  return { name, pids: [], echoPort: echo.port, sourcePort: source.port };
}

export async function bench(
  amounts: Amounts,
  designs: boolean,
  print: (line: string) => void,
): Promise<Map<string, Map<Metric, number>>> {
  await using rig = new Rig();
  const ports = await rig.start<UpstreamPorts>('bench-upstream.js');
  const binary = findRealServer();
  const subjects: Subject[] = [{ name: 'no proxy', pids: [], echoPort: ports.echo, sourcePort: ports.source }];
  if (binary) {
    subjects.push(await overToxiproxy('toxiproxy', rig.own(await startRealServer(binary)), ports));
  } else print('no toxiproxy-server on the PATH: there is nothing to compare with');
  subjects.push(await overToxiproxy('embedded', rig.own(await startEmbeddedProcess(1)), ports));
  if (designs) {
    subjects.push(await overPipe('pipe', ['pipe'], ports, rig));
    subjects.push(await overPipe('manual reads', ['manual'], ports, rig));
    subjects.push(await overPipe(`pipe x${cpus().length}`, ['pipe', String(cpus().length)], ports, rig));
  }
  const rounds = new Map<string, Round[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 1; round <= amounts.rounds; round++) {
    for (const subject of subjects) {
      print(`round ${round} of ${amounts.rounds}: ${subject.name}`);
      rounds.get(subject.name)?.push(await measure(subject, amounts));
    }
  }
  const direct = rounds.get('no proxy') ?? [];
  const table = new Map([...rounds].map(([name, own]) => [name, summarize(own, direct)]));
  print('accuracy, in turns');
  for (const [name, errors] of await measureErrors(subjects, amounts)) {
    table.get(name)?.set('injected latency error p50 us', quantile(errors, 0.5));
    table.get(name)?.set('injected latency error p99 us', quantile(errors, 0.99));
  }
  // On servers that have done nothing yet: memory once taken is not given back.
  for (const [name, begin] of [
    ['toxiproxy', binary ? () => startRealServer(binary) : undefined],
    ['embedded', () => startEmbeddedProcess(1)],
  ] as const) {
    if (!begin || process.platform !== 'linux') continue;
    await using server = await begin();
    const { echoPort, pids } = await overToxiproxy(name, server, ports);
    table.get(name)?.set('memory a connection kB', await memoryPerConnection(echoPort, pids, amounts.held));
  }
  return table;
}

function show(table: ReadonlyMap<string, ReadonlyMap<Metric, number>>, print: (line: string) => void): void {
  const names = [...table.keys()];
  const number = (value: number | undefined) =>
    value === undefined || Number.isNaN(value) ? '-' : value.toFixed(value < 100 ? 1 : 0);
  const row = (first: string, cells: readonly string[]) =>
    print(`${first.padEnd(32)}${cells.map((cell) => cell.padStart(14)).join('')}`);
  row('', [...names, 'ours/original']);
  for (const [metric, better] of Object.entries(METRICS) as [Metric, string][]) {
    const ours = table.get('embedded')?.get(metric) ?? Number.NaN;
    const original = table.get('toxiproxy')?.get(metric) ?? Number.NaN;
    const ratio = ours / original;
    const cells = names.map((name) => number(table.get(name)?.get(metric)));
    row(metric, [...cells, Number.isNaN(ratio) ? '-' : `${ratio.toFixed(2)} (${better})`]);
  }
  print('ours/original: (less) means that less is better. "added" is over "no proxy", of the same run.');
}

if (require.main === module) {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, designs: { type: 'boolean', default: false } },
  });
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const progress = (line: string) => process.stderr.write(`${line}\n`);
  print(`Node ${process.version}, ${cpus().length} cores of ${cpus()[0]?.model}`);
  bench(values.quick ? QUICK : FULL, values.designs, progress).then(
    (table) => {
      show(table, print);
      process.exit(0);
    },
    (error) => {
      progress(messageOf(error));
      process.exit(3);
    },
  );
}
