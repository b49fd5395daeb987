import { readFileSync } from 'node:fs';

/**
 * Bytes that the kernel holds for a server's port on this machine: what the server wrote and nobody read yet, in its
 * own send queues and in its peers' receive queues (/proc/net/tcp, proc(5)). Undefined where there is no such file.
 */
export function queuedDownBytes(serverPort: number): number | undefined {
  let total = 0;
  let readable = false;
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    readable = true;
    for (const line of text.split('\n').slice(1)) {
      const [, local, remote, , queues] = line.trim().split(/\s+/);
      if (!local || !remote || !queues) continue;
      const [sending = '0', receiving = '0'] = queues.split(':');
      if (portOf(local) === serverPort) total += Number.parseInt(sending, 16);
      if (portOf(remote) === serverPort) total += Number.parseInt(receiving, 16);
    }
  }
  return readable ? total : undefined;
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}
