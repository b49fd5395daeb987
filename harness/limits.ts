import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import type { Plan } from './plan.js';

/** What this machine leaves to a run; undefined where it cannot be told. */
export interface Limits {
  /** That one process may have open. Node has raised its own to the hard limit, which is what others inherit. */
  readonly descriptors: number | undefined;
  /** From which the kernel takes those of outgoing connections. */
  readonly ports: number | undefined;
  readonly memoryMib: number;
}

/** Of one connection through a gate: the session, and both sides of the gate. */
const DESCRIPTORS_A_CONNECTION = 3;
const PORTS_A_CONNECTION = 2;
/** Modules, pipes, watchers (measured: 24 in a worker that holds nothing). */
const OTHER_DESCRIPTORS = 64;
/** Measured: 75 to 95 MiB resident. */
const WORKER_MIB = 90;
/** Toxiproxy, a target of a common kind and its copies, the pressure on it. */
const OTHER_MIB = 512;

export function readLimits(): Limits {
  const descriptors = /^Max open files\s+(\d+)/m.exec(read('/proc/self/limits'))?.[1];
  const [low, high] = read('/proc/sys/net/ipv4/ip_local_port_range').trim().split(/\s+/).map(Number);
  return {
    descriptors: descriptors === undefined ? undefined : Number(descriptors),
    ports: low && high ? high - low + 1 : undefined,
    memoryMib: Math.floor(Math.min(availableMib(), leftToGroupMib())),
  };
}

/** What a run will hardly find enough of, each a sentence with its remedy. What it touches is then inconclusive, not failed. */
export function shortages({ scenarios, options }: Plan, { descriptors, ports, memoryMib }: Limits): string[] {
  const crowds = scenarios.map(({ scenario }) => ({ id: scenario.id, count: scenario.connections?.(options) ?? 0 }));
  const { id, count } = crowds.reduce((most, one) => (one.count > most.count ? one : most), { id: '', count: 0 });
  const needs = {
    descriptors: OTHER_DESCRIPTORS + DESCRIPTORS_A_CONNECTION * count,
    ports: PORTS_A_CONNECTION * count,
    memoryMib: OTHER_MIB + WORKER_MIB * scenarios.filter(({ scenario }) => scenario.lane === 'quiet').length,
  };
  const most = count === 0 ? 'the run' : `the scenario ${id}`;
  const then = 'checks that run out are inconclusive';
  const told: string[] = [];
  if (descriptors !== undefined && descriptors < needs.descriptors) {
    told.push(
      `${descriptors} descriptors a process are few, ${most} may need ${needs.descriptors} (ulimit -n): ${then}`,
    );
  }
  if (ports !== undefined && ports < needs.ports) {
    told.push(`${ports} ports for connections are few, ${most} may need ${needs.ports} (ip_local_port_range): ${then}`);
  }
  if (memoryMib < needs.memoryMib) {
    told.push(
      `${memoryMib} MiB of free memory are few, the run may need ${needs.memoryMib} (fewer checks at a time: --only): ${then}`,
    );
  }
  return told;
}

function availableMib(): number {
  const kib = /^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo'))?.[1];
  return kib === undefined ? freemem() / 2 ** 20 : Number(kib) / 1024;
}

/** Of a control group, as a container has one; `max` means no limit. */
function leftToGroupMib(): number {
  const most = Number.parseInt(read('/sys/fs/cgroup/memory.max'), 10);
  const used = Number.parseInt(read('/sys/fs/cgroup/memory.current'), 10);
  // Pages of files are given back before anything is refused.
  const cached = Number(/^inactive_file (\d+)/m.exec(read('/sys/fs/cgroup/memory.stat'))?.[1] ?? 0);
  return Number.isFinite(most) && Number.isFinite(used) ? (most - used + cached) / 2 ** 20 : Number.POSITIVE_INFINITY;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
