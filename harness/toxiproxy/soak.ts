import { readdirSync, readlinkSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { delay, nowMs, waitFor } from '../clock.js';
import { messageOf } from '../errors.js';
import { createToxiproxyClient } from '../path/toxiproxy.js';
import { createRandom, freshSeed } from '../random.js';
import { quantile, residentKilobytes } from './bench-work.js';
import { startEmbeddedProcess } from './server-process.js';
import { Disturber } from './soak-faults.js';
import { type Session, Traffic } from './soak-traffic.js';

/**
 * `npm run soak:proxy -- --minutes 30`: random faults on the embedded server under 500 connections. It ends with 0 where no
 * socket is left, memory has not grown and every byte is accounted for: come, in its place; or never come, on a connection
 * that a fault or we ourselves cut short.
 */
export interface SoakOptions {
  readonly minutes: number;
  readonly connections: number;
  readonly seed: number;
}

export interface SoakReport {
  readonly counts: Readonly<Record<string, number>>;
  /** Empty where all is well. */
  readonly failures: readonly string[];
}

const PROXIES = 5;
/** What a garbage collector may still hold more at the end than after the start. */
const GROWTH = { share: 1.25, kilobytes: 16 * 1024 };
const SETTLE_MS = 90_000;
const TOLD_FAILURES = 20;

export async function soak(options: SoakOptions, print: (line: string) => void): Promise<SoakReport> {
  const { minutes, connections, seed } = options;
  const random = createRandom(seed, 'soak');
  await using server = await startEmbeddedProcess(seed);
  const client = createToxiproxyClient(server.url);
  using traffic = await Traffic.start(random.fork('traffic'));
  const ledger = new Ledger((failure) => print(`failure: ${failure}`));
  const disturbers: Disturber[] = [];
  for (let i = 0; i < PROXIES; i++) {
    const proxy = await client.createProxy({ name: `p${i}`, upstream: `127.0.0.1:${traffic.port}` });
    disturbers.push(new Disturber(proxy, random.fork(`faults ${i}`)));
  }
  const socketsBefore = sockets(server.pid);
  const over = new AbortController();
  const lane = async (disturber: Disturber) => {
    // Not all at the same moment.
    await delay(random.integer(0, 2000));
    while (!over.signal.aborted) {
      const session = await traffic.run(disturber.proxy.listenPort);
      if (session) ledger.enter(session, disturber.excuses(session.openedAtMs));
      else await delay(100);
    }
  };
  const lanes = Array.from({ length: connections }, (_, index) => lane(disturbers[index % PROXIES] as Disturber));
  const faults = disturbers.map((disturber) => disturber.run(over.signal));
  // Told at the end, where they are awaited.
  for (const one of [...lanes, ...faults]) one.catch(() => over.abort());

  const startMs = nowMs();
  const memory: number[] = [];
  let told = 0;
  while (nowMs() - startMs < minutes * 60_000 && !over.signal.aborted) {
    await delay(Math.min(5000, minutes * 6000));
    memory.push(residentKilobytes(server.pid));
    const minute = Math.floor((nowMs() - startMs) / 60_000);
    if (minute > told) print(`minute ${minute}: ${ledger.line()}, ${memory.at(-1)} kB resident`);
    told = minute;
  }
  over.abort();
  const soakedMs = nowMs() - startMs;
  await Promise.all(faults);
  await Promise.all(lanes);

  const alive = async () => {
    const answer = await fetch(`${server.url}/holdfast/statistics`, { headers: { connection: 'close' } });
    const all = (await answer.json()) as { readonly connections: readonly object[]; readonly dialling: number }[];
    return all.reduce((sum, one) => sum + one.connections.length + one.dialling, 0);
  };
  await waitFor(async () => (await alive()) === 0, SETTLE_MS, { stepMs: 200 });
  const connectionsLeft = await alive();
  const socketsLeft = () => sockets(server.pid) - socketsBefore;
  await waitFor(() => socketsLeft() <= 0, SETTLE_MS, { stepMs: 500 });

  const fifth = Math.max(1, Math.floor(memory.length / 5));
  const early = quantile(memory.slice(fifth, 2 * fifth), 0.5);
  const late = quantile(memory.slice(-fifth), 0.5);
  const failures = [...ledger.failures];
  if (connectionsLeft > 0) failures.push(`${connectionsLeft} connections are left in the server`);
  if (socketsLeft() > 0) failures.push(`${socketsLeft()} sockets are left in the server's process`);
  if (late > early * GROWTH.share + GROWTH.kilobytes) failures.push(`memory grew from ${early} to ${late} kB`);
  const done = new Map<string, number>();
  for (const { counts } of disturbers) {
    for (const [what, count] of counts) done.set(`fault: ${what}`, (done.get(`fault: ${what}`) ?? 0) + count);
  }
  const counts = {
    'minutes of faults': Math.round(soakedMs / 6000) / 10,
    ...ledger.counts,
    ...Object.fromEntries([...done].sort()),
    connectionsLeft,
    socketsLeft: Math.max(0, socketsLeft()),
    'resident kB in the second fifth': early,
    'resident kB in the last fifth': late,
  };
  return { counts, failures };
}

/** Every byte: sent, and received in its place or lost with a reason. */
class Ledger {
  constructor(private readonly onFailure: (text: string) => void) {}

  readonly failures: string[] = [];
  readonly counts = {
    sessions: 0,
    'sessions complete': 0,
    'sessions cut by a fault': 0,
    'sessions aborted by us': 0,
    'bytes sent': 0,
    'bytes received in place': 0,
    'bytes lost with a reason': 0,
    'bytes lost without a reason': 0,
  };

  enter(session: Session, excused: boolean): void {
    const { up, down, aborted, wrong, id } = session;
    const { counts } = this;
    const complete = [up, down].every(({ planned, received }) => planned === received);
    const sent = up.sent + down.sent;
    const received = up.received + down.received;
    const reason = excused || aborted;
    counts.sessions++;
    counts['bytes sent'] += sent;
    counts['bytes received in place'] += received;
    counts[reason ? 'bytes lost with a reason' : 'bytes lost without a reason'] += sent - received;
    if (complete) counts['sessions complete']++;
    else if (aborted) counts['sessions aborted by us']++;
    else if (excused) counts['sessions cut by a fault']++;
    else
      this.fail(`session ${id} got ${up.received} of ${up.planned} bytes up, ${down.received} of ${down.planned} down`);
    if (wrong) this.fail(`session ${id}: ${wrong}`);
    if (session.closed < 2 && complete) this.fail(`session ${id} was complete and one end never closed`);
  }

  line(): string {
    const { counts } = this;
    const { sessions } = counts;
    return `${sessions} sessions, ${counts['sessions complete']} complete, ${counts['bytes received in place']} of ${counts['bytes sent']} bytes, ${this.failures.length} failures`;
  }

  private fail(text: string): void {
    this.failures.push(text);
    if (this.failures.length <= TOLD_FAILURES) this.onFailure(text);
  }
}

/** The sockets that a process holds. */
function sockets(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

if (require.main === module) {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '30' },
      connections: { type: 'string', default: '500' },
      seed: { type: 'string', default: String(freshSeed()) },
    },
  });
  const { minutes, connections, seed } = values;
  const print = (line: string) => process.stdout.write(`${line}\n`);
  print(`soak: ${minutes} minutes, ${connections} connections, seed ${seed}`);
  soak({ minutes: Number(minutes), connections: Number(connections), seed: Number(seed) }, print).then(
    ({ counts, failures }) => {
      for (const [what, count] of Object.entries(counts)) print(`${what.padEnd(34)}${count}`);
      print(
        failures.length === 0
          ? 'nothing leaked, nothing grew, every byte accounted for'
          : `${failures.length} failures: ${failures.at(-1)}`,
      );
      process.exit(failures.length === 0 ? 0 : 1);
    },
    (error) => {
      print(`the soak could not be finished: ${messageOf(error)}`);
      process.exit(3);
    },
  );
}
