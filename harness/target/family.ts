import { randomBytes } from 'node:crypto';
import { every } from '../clock.js';
import { environmentHolds, type ProcessRow, processTable, withDescendants } from './process-table.js';
import { runMark, startReaper, tellReaper } from './reaper.js';

/** How often the families are looked over for members that leave, in milliseconds: one walk through /proc for all. */
const lookMs = 1_000;

/**
 * All that comes of one process we start, however it hides: by its parent, its session or group, its mark in the
 * environment (a daemon keeps it), or because it was seen as a descendant before its parent went.
 */
export interface Family {
  /** For the environment of the first process. */
  readonly mark: Readonly<Record<string, string>>;
  /** The first process, once it exists. */
  begin(pid: number): void;
  /** A process found by other means (it owns the listening socket). */
  adopt(pid: number): void;
  /** The pids that live, the first process first. */
  members(): number[];
  /** Those that lived when they were last looked over, at most a second ago: no walk through /proc. */
  seen(): number[];
  /** No longer looked over. */
  end(): void;
}

const families = new Set<{ look(table: ReadonlyMap<number, ProcessRow>): Set<number>; members(): number[] }>();
let looker: Disposable | undefined;

/** The last chance: kills synchronously what still lives when this process ends on its own. */
process.on('exit', () => {
  for (const family of families) killAll(family.members(), 'SIGKILL');
});

export function killAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone in between.
    }
  }
}

export function createFamily(): Family {
  const id = randomBytes(8).toString('hex');
  const known = new Map<number, number>();
  let first: ProcessRow | undefined;

  const know = (row: ProcessRow) => {
    if (known.get(row.pid) === row.startTime) return;
    known.set(row.pid, row.startTime);
    tellReaper(row.pid, row.startTime);
  };
  const look = (table: ReadonlyMap<number, ProcessRow>, marked = false) => {
    const roots: number[] = [];
    for (const [pid, startTime] of known) {
      if (table.get(pid)?.startTime === startTime) roots.push(pid);
      // Its number may be given to a stranger now.
      else known.delete(pid);
    }
    const leader = first && table.get(first.pid);
    // Its number, once free, may lead a stranger's session.
    if (first && (!leader || leader.startTime === first.startTime)) {
      for (const row of table.values()) {
        if (known.has(row.pid) || row.startTime < first.startTime) continue;
        if (row.session === first.pid || row.group === first.pid) roots.push(row.pid);
        else if (marked && environmentHolds(row.pid, id)) roots.push(row.pid);
      }
    }
    const found = withDescendants(table, roots);
    // A target may talk our parent or ourselves into being its child; never touch those.
    found.delete(process.pid);
    for (const pid of found) {
      const row = table.get(pid);
      if (row) know(row);
    }
    return found;
  };
  const family = {
    mark: { ...runMark(), HOLDFAST_PROC: [process.env.HOLDFAST_PROC, id].filter(Boolean).join('/') },
    begin(pid: number) {
      startReaper();
      const row = processTable().get(pid);
      // Dead already: its session may still hold others.
      first = row ?? { pid, parent: process.pid, group: pid, session: pid, startTime: 0 };
      if (row) know(row);
      families.add(family);
      looker ??= every(lookMs, () => {
        const table = processTable();
        for (const each of families) each.look(table);
      });
    },
    adopt(pid: number) {
      const row = processTable().get(pid);
      if (row) know(row);
    },
    look,
    members: () => [...look(processTable(), true)].sort((a, b) => Number(b === first?.pid) - Number(a === first?.pid)),
    seen: () => [...known.keys()],
    end() {
      families.delete(family);
      if (families.size > 0) return;
      looker?.[Symbol.dispose]();
      looker = undefined;
    },
  };
  return family;
}
