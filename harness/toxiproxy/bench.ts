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
const FULL: Amounts = { rounds: 3, trips: 3000, bulkBytes: 512e6, connects: 3000, late: 150, held: 1000 };
const QUICK: Amounts = { rounds: 1, trips: 50, bulkBytes: 4e6, connects: 50, late: 5, held: 20 };

/** All single values of one metric of one subject; a table shows their median, quantiles are taken over all rounds. */
type Samples = Map<Metric | 'idle' | 'loaded' | 'late', number[]>;

async function measure(subject: Subject, amounts: Amounts, samples: Samples): Promise<void> {
  const keep = (what: Metric | 'idle' | 'loaded' | 'late', ...values: number[]) =>
    samples.set(what, [...(samples.get(what) ?? []), ...values]);
  const { echoPort, sourcePort, latePort } = subject;
  await roundTrips(echoPort, amounts.trips / 5);
  keep('idle', ...(await roundTrips(echoPort, amounts.trips)));
  keep('loaded', ...(await loadedRoundTrips(echoPort, amounts.trips)));
  keep('throughput 1 connection MB/s', await throughput(sourcePort, 1, amounts.bulkBytes));
  keep('throughput 64 connections MB/s', await throughput(sourcePort, 64, amounts.bulkBytes));
  keep('connections a second', await connectionRate(echoPort, amounts.connects));
  if (latePort !== undefined) {
    const lanes = Array.from({ length: 4 }, async (_, index) => {
      await delay(index * 5);
      return roundTrips(latePort, amounts.late);
    });
    keep('late', ...(await Promise.all(lanes)).flat());
  }
}

/** What the table shows, from the samples of a subject and of no proxy at all. */
function summarize(samples: Samples, direct: Samples): Map<Metric, number> {
  const of = (from: Samples, what: Metric | 'idle' | 'loaded' | 'late') => from.get(what) ?? [];
  const table = new Map<Metric, number>();
  for (const load of ['idle', 'loaded'] as const) {
    for (const [label, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const added = quantile(of(samples, load), share) - quantile(of(direct, load), share);
      table.set(`added latency ${load} ${label} us`, added * 1000);
    }
  }
  const single = ['throughput 1 connection MB/s', 'throughput 64 connections MB/s', 'connections a second'] as const;
  for (const metric of [...single, 'memory a connection kB'] as const) {
    table.set(metric, quantile(of(samples, metric), 0.5));
  }
  const usual = quantile(of(samples, 'idle'), 0.5);
  const errors = of(samples, 'late').map((time) => Math.abs(time - usual - LATENCY_MS) * 1000);
  table.set('injected latency error p50 us', quantile(errors, 0.5));
  table.set('injected latency error p99 us', quantile(errors, 0.99));
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
  const samples = new Map(subjects.map((subject) => [subject.name, new Map() as Samples]));
  for (let round = 1; round <= amounts.rounds; round++) {
    for (const subject of subjects) {
      print(`round ${round} of ${amounts.rounds}: ${subject.name}`);
      await measure(subject, amounts, samples.get(subject.name) ?? new Map());
    }
  }
  // On servers that have done nothing yet: memory once taken is not given back.
  for (const [name, begin] of [
    ['toxiproxy', binary ? () => startRealServer(binary) : undefined],
    ['embedded', () => startEmbeddedProcess(1)],
  ] as const) {
    if (!begin || process.platform !== 'linux') continue;
    await using server = await begin();
    const { echoPort, pids } = await overToxiproxy(name, server, ports);
    samples.get(name)?.set('memory a connection kB', [await memoryPerConnection(echoPort, pids, amounts.held)]);
  }
  const direct: Samples = samples.get('no proxy') ?? new Map();
  return new Map([...samples].map(([name, own]) => [name, summarize(own, direct)]));
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
