import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type EventEmitter, errorMonitor } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { readLimits } from '../limits.js';
import { LOST } from '../lost.js';

/**
 * Whether this process of ours runs out of something: a connection that is then not made, or closed at once by libuv,
 * looks to a check as if the program under test had refused it.
 */
export interface OwnLimits extends Disposable {
  /** What shows only by looking: once a second is enough. */
  look(): void;
}

type Told = (code: string, text: string) => void;

/** The kernel gives the lowest free number, so that a high one means that nearly all are taken. */
const SPARE = 8;
const CHANNELS = ['net.client.socket', 'net.server.socket'] as const;
const REASONS: Readonly<Record<string, readonly [code: string, what: string]>> = {
  EMFILE: [LOST.descriptors, 'this process may open no more descriptors: raise it with ulimit -n'],
  ENFILE: [LOST.descriptors, 'the machine has no descriptors left'],
  ENOBUFS: [LOST.memory, 'the kernel has no memory for more sockets'],
  ENOMEM: [LOST.memory, 'the kernel has no memory left'],
};

export function watchOwnLimits(tell: Told): OwnLimits {
  const { descriptors } = readLimits();
  const told = new Set<string>();
  const once = (code: string, text: string) => {
    if (told.has(code)) return;
    told.add(code);
    tell(code, `the harness ran out: ${text}`);
  };
  const exhausted = () =>
    once(LOST.descriptors, `all ${descriptors} descriptors of a process of ours are in use: raise it with ulimit -n`);
  const number = (fd: number | undefined) => {
    if (descriptors !== undefined && fd !== undefined && fd >= descriptors - SPARE) exhausted();
  };
  const failed = (error: NodeJS.ErrnoException & { readonly address?: string }) => {
    const [code, what] = REASONS[error.code ?? ''] ?? [];
    if (code !== undefined && what !== undefined) once(code, `${what} (${error.code})`);
    if (isOutOfPorts(error)) once(LOST.ports, 'no port is left for another connection (see ip_local_port_range)');
  };
  const watch = (message: unknown) => {
    const { socket } = message as { readonly socket: Socket };
    number(descriptorOf(socket));
    socket.once('connect', () => number(descriptorOf(socket)));
    // Watches only: an error that nobody handles stays one.
    (socket as EventEmitter).on(errorMonitor, failed);
  };
  for (const channel of CHANNELS) subscribe(channel, watch);
  const killed = oomKills();
  return {
    look() {
      if (descriptors !== undefined && openHere() >= descriptors - SPARE) exhausted();
      if (oomKills() > killed) once(LOST.memory, 'the kernel killed a process of this machine for want of memory');
    },
    [Symbol.dispose]() {
      for (const channel of CHANNELS) unsubscribe(channel, watch);
    },
  };
}

/** Elsewhere on loopback, and over IPv6 where there is none, the same codes mean an address that does not exist. */
function isOutOfPorts({ code, syscall, address }: NodeJS.ErrnoException & { readonly address?: string }): boolean {
  if (process.platform !== 'linux' || !address?.startsWith('127.')) return false;
  return (code === 'EADDRNOTAVAIL' && syscall === 'connect') || (code === 'EADDRINUSE' && syscall === 'bind');
}

function descriptorOf(socket: Socket): number | undefined {
  return (socket as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle?.fd;
}

function openHere(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch (error) {
    // With none left not even this can be looked at.
    return (error as NodeJS.ErrnoException).code === 'EMFILE' ? Number.POSITIVE_INFINITY : 0;
  }
}

function oomKills(): number {
  try {
    return Number(/^oom_kill (\d+)/m.exec(readFileSync('/proc/vmstat', 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
