import { readFileSync } from 'node:fs';

export interface KernelView {
  /** Bytes that the server wrote and nobody read yet: in its send queues and in its peers' receive queues. */
  readonly queuedBytes: number;
  /** Bytes that reached the server's connections and that it has not read yet. */
  readonly unreadBytes: number;
  /** Bytes that its peers wrote and it has not read yet: those, and what waits in its peers' send queues. */
  readonly untakenBytes: number;
  /** Remote ports of the connections that the server still holds open. */
  readonly established: ReadonlySet<number>;
}

const ESTABLISHED = '01';

/**
 * What the kernel holds of a server on this machine (/proc/net/tcp, proc(5)); undefined where there is no such file. An
 * end that lies behind unread bytes cannot be read from a socket, but it shows here.
 */
export function kernelView(serverPort: number): KernelView | undefined {
  let queuedBytes = 0;
  let unreadBytes = 0;
  let untakenBytes = 0;
  let readable = false;
  const established = new Set<number>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    readable = true;
    for (const line of text.split('\n').slice(1)) {
      const [, local, remote, state, queues] = line.trim().split(/\s+/);
      if (!local || !remote || !queues) continue;
      const [sending = '0', receiving = '0'] = queues.split(':');
      if (portOf(local) === serverPort) {
        queuedBytes += Number.parseInt(sending, 16);
        if (state === ESTABLISHED) {
          established.add(portOf(remote));
          unreadBytes += Number.parseInt(receiving, 16);
        }
      }
      if (portOf(remote) === serverPort) {
        queuedBytes += Number.parseInt(receiving, 16);
        untakenBytes += Number.parseInt(sending, 16);
      }
    }
  }
  return readable ? { queuedBytes, unreadBytes, untakenBytes: unreadBytes + untakenBytes, established } : undefined;
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}
