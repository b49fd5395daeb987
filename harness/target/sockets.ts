import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { processStartTime, processTable } from './process-table.js';

/**
 * Who holds which TCP socket, from /proc. Nothing is kept between calls. `among` names the processes to look at first:
 * reading every descriptor of a thousand processes takes 50 ms, those of one tree under one. Reading the two tables
 * themselves takes 10 ms of a core (the kernel walks 262,144 hash buckets, however few sockets there are): poll at
 * 200 ms, not at 20.
 */
export type TcpState =
  | 'ESTABLISHED'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'TIME_WAIT'
  | 'CLOSE'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'LISTEN'
  | 'CLOSING'
  | 'NEW_SYN_RECV';

export interface Listener {
  /** Of several holders (a pre-forking server) the topmost: who accepts can't be known, who is signalled is that one. */
  readonly pid: number;
  readonly startTime: number;
  readonly owners: readonly number[];
}

export interface TcpConnection {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly state: TcpState;
}

interface Row extends TcpConnection {
  /** 0 none, 1 retransmission, 2 keepalive (of an established socket), 3 TIME_WAIT, 4 zero-window probe. */
  readonly timer: number;
  readonly dueMs: number;
  readonly inode: string;
}

const states: readonly TcpState[] = [
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
];

/** Whether this machine tells about other processes' sockets at all. */
export function canReadSockets(): { readonly ok: boolean; readonly reason?: string } {
  if (process.platform !== 'linux') return { ok: false, reason: `${process.platform} has no /proc/net/tcp` };
  try {
    readFileSync('/proc/net/tcp');
    return { ok: true };
  } catch {
    return { ok: false, reason: '/proc/net/tcp cannot be read' };
  }
}

/** The process that owns the listening socket on this port; undefined where there is none or it can't be told. */
export function listenerOf(port: number, among: readonly number[] = []): Listener | undefined {
  const inodes = new Set(rows((state, local) => state === '0A' && local === port).map((row) => row.inode));
  if (inodes.size === 0) return undefined;
  let owners = among.filter((pid) => socketInodes(pid).some((inode) => inodes.has(inode)));
  const [only] = owners;
  if (only !== undefined && owners.length === 1) {
    const startTime = processStartTime(only);
    return startTime === undefined ? undefined : { pid: only, startTime, owners };
  }
  const table = processTable();
  if (owners.length === 0) {
    owners = [...table.keys()].filter((pid) => socketInodes(pid).some((inode) => inodes.has(inode)));
  }
  const holds = new Set(owners);
  const depth = (pid: number) => {
    let count = 0;
    for (let up = table.get(pid)?.parent; up !== undefined && up > 0; up = table.get(up)?.parent) {
      if (holds.has(up)) count += 1;
    }
    return count;
  };
  const top = owners
    .map((pid) => ({ pid, depth: depth(pid), startTime: processStartTime(pid) }))
    .sort((a, b) => a.depth - b.depth || (a.startTime ?? 0) - (b.startTime ?? 0) || a.pid - b.pid)[0];
  return top?.startTime === undefined ? undefined : { pid: top.pid, startTime: top.startTime, owners };
}

export interface Holder {
  readonly pid: number;
  readonly startTime: number;
}

/** Those of these processes that hold the listening socket of this port, or a connection that came to it. */
export function holdersOf(port: number, among: readonly number[]): Holder[] {
  const inodes = new Set(rows((_state, local) => local === port).map((row) => row.inode));
  return among
    .filter((pid) => socketInodes(pid).some((inode) => inodes.has(inode)))
    .flatMap((pid) => {
      const startTime = processStartTime(pid);
      return startTime === undefined ? [] : [{ pid, startTime }];
    });
}

/** The very process, not another one that was given its number. */
export function livesOn({ pid, startTime }: Holder): boolean {
  return processStartTime(pid) === startTime;
}

/** Whether anything listens on this port; looks without connecting, beside the event loop. Undefined where it can't be told. */
export async function isListening(port: number): Promise<boolean | undefined> {
  for (const file of files) {
    let text: string;
    try {
      text = await readFile(file, 'latin1');
    } catch {
      if (file === files[0]) return undefined;
      continue;
    }
    if (parse(text, file, (state, local) => state === '0A' && local === port).length > 0) return true;
  }
  return false;
}

/** Ports that these processes listen on. */
export function listeningPorts(pids: readonly number[]): number[] {
  const own = new Set(pids.flatMap(socketInodes));
  const found = rows((state) => state === '0A').filter((row) => own.has(row.inode));
  return [...new Set(found.map((row) => row.localPort))].sort((a, b) => a - b);
}

/** TCP connections of these processes, without listening sockets. */
export function connectionsOf(pids: readonly number[]): TcpConnection[] {
  const own = new Set(pids.flatMap(socketInodes));
  return rows((state) => state !== '0A')
    .filter((row) => own.has(row.inode))
    .map(({ timer: _timer, dueMs: _dueMs, inode: _inode, ...connection }) => connection);
}

/** Connections that these processes opened to others, established or being opened. The tables are read beside the event loop. */
export async function outgoingOf(pids: readonly number[]): Promise<TcpConnection[]> {
  const own = new Set(pids.flatMap(socketInodes));
  const texts = await Promise.all(files.map((file) => readFile(file, 'latin1').catch(() => '')));
  const found = texts
    .flatMap((text, i) => parse(text, files[i] ?? '', (state) => state === '01' || state === '02' || state === '0A'))
    .filter((row) => own.has(row.inode));
  const served = new Set(found.filter(({ state }) => state === 'LISTEN').map(({ localPort }) => localPort));
  return found.filter(
    ({ state, localPort, remotePort }) => state !== 'LISTEN' && !served.has(localPort) && !served.has(remotePort),
  );
}

/**
 * Whether the socket on the target's side of this connection has SO_KEEPALIVE: its timer runs (tr = 02). Undefined where
 * there is no such established socket, or unacknowledged bytes (tr = 01, 04) hide the timer: look again later.
 */
export function hasKeepaliveTimer(localPort: number, remotePort: number): boolean | undefined {
  const row = firstRow((state, local, remote) => state === '01' && local === localPort && remote === remotePort);
  if (!row || row.timer === 1 || row.timer === 4) return undefined;
  return row.timer === 2;
}

/** When the next probe of its TCP keepalive is due, where that timer runs. */
export function keepaliveDueMs(localPort: number, remotePort: number): number | undefined {
  const row = firstRow((state, local, remote) => state === '01' && local === localPort && remote === remotePort);
  return row?.timer === 2 ? row.dueMs : undefined;
}

/** State of the socket on the target's side of this connection; undefined where it is gone. */
export function socketState(localPort: number, remotePort: number): TcpState | undefined {
  return firstRow((_state, local, remote) => local === localPort && remote === remotePort)?.state;
}

/** Socket inodes of one process; none where it is gone or may not be looked at. */
function socketInodes(pid: number): string[] {
  const inodes: string[] = [];
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      let link: string;
      try {
        link = readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        continue;
      }
      if (link.startsWith('socket:[')) inodes.push(link.slice(8, -1));
    }
  } catch {
    // Gone, or another user's.
  }
  return inodes;
}

/** By hex state and ports. */
type Wanted = (state: string, localPort: number, remotePort: number) => boolean;

/** What /proc counts times in: USER_HZ is 100 wherever Node runs. */
const TICK_MS = 10;
const files = ['/proc/net/tcp', '/proc/net/tcp6'];

function rowsOf(file: string, wanted: Wanted): Row[] {
  try {
    return parse(readFileSync(file, 'latin1'), file, wanted);
  } catch {
    // Not Linux, or no IPv6.
    return [];
  }
}

function rows(wanted: Wanted): Row[] {
  return files.flatMap((file) => rowsOf(file, wanted));
}

/** For the one row there can be: the second table is not read once the first has it. */
function firstRow(wanted: Wanted): Row | undefined {
  return files.reduce<Row | undefined>((found, file) => found ?? rowsOf(file, wanted)[0], undefined);
}

/** Only the rows wanted are parsed in full, since there may be 20,000. */
function parse(text: string, file: string, wanted: Wanted): Row[] {
  const found: Row[] = [];
  const width = file.endsWith('6') ? 32 : 8;
  for (const line of text.split('\n').slice(1)) {
    // `  12: 0100007F:1F90 00000000:0000 0A ...`
    const at = line.indexOf(': ') + 2;
    if (at < 2) continue;
    const local = line.slice(at, at + width + 5);
    const remote = line.slice(at + width + 6, at + 2 * width + 11);
    const state = line.slice(at + 2 * width + 12, at + 2 * width + 14);
    const localPort = Number.parseInt(local.slice(-4), 16);
    const remotePort = Number.parseInt(remote.slice(-4), 16);
    if (!wanted(state, localPort, remotePort)) continue;
    const fields = line.slice(at).split(/\s+/);
    const [timer = '0', due = '0'] = (fields[4] ?? '').split(':');
    found.push({
      localAddress: address(local.slice(0, -5)),
      localPort,
      remoteAddress: address(remote.slice(0, -5)),
      remotePort,
      state: states[Number.parseInt(state, 16) - 1] ?? 'CLOSE',
      timer: Number.parseInt(timer, 16),
      dueMs: Number.parseInt(due, 16) * TICK_MS,
      inode: fields[8] ?? '',
    });
  }
  return found;
}

/** Each 32-bit word stands in the machine's byte order, which is little-endian wherever Node 20 runs but on s390x. */
function address(hex: string): string {
  const bytes: number[] = [];
  for (let word = 0; word < hex.length; word += 8) {
    for (let byte = 6; byte >= 0; byte -= 2) bytes.push(Number.parseInt(hex.slice(word + byte, word + byte + 2), 16));
  }
  if (bytes.length === 4) return bytes.join('.');
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return bytes.slice(12).join('.');
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  // The longest run of zeros becomes '::' (RFC 5952 4.2.1).
  const run = groups
    .join(':')
    .match(/(?:^|:)0(?::0)+(?:$|:)/g)
    ?.sort((a, b) => b.length - a.length)[0];
  return run ? groups.join(':').replace(run, '::') : groups.join(':');
}

export { pickPort } from './ports.js';
export { processStartTime } from './process-table.js';
