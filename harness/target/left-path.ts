import { every } from '../clock.js';
import type { Record_ } from '../contract.js';
import { outgoingOf } from './sockets.js';

/** The obstacle's code in the history. */
export const LEFT_PATH = 'LEFT_PATH';

const LOOK_MS = 2000;
const DNS_PORT = 53;

export interface PathWatch {
  /** The client's processes. */
  readonly pids: () => readonly number[];
  readonly gatePorts: () => ReadonlySet<number>;
  /** Where the target's own servers really listen. */
  readonly serverPorts: () => ReadonlySet<number>;
  /** A fault is in force, or has been. */
  readonly disturbed: () => boolean;
  readonly record: Record_;
}

/** Where these processes have a connection that goes past the gates; what they ask for names is none. */
export async function elsewhereOf(pids: readonly number[], gatePorts: ReadonlySet<number>): Promise<string[]> {
  const past = (await outgoingOf(pids)).filter(
    ({ remotePort }) => !gatePorts.has(remotePort) && remotePort !== DNS_PORT,
  );
  return past.map(({ remoteAddress, remotePort }) => `${remoteAddress}:${remotePort}`);
}

/**
 * Watches a client's sockets for traffic past the gate (CHECKLIST rule 24): a second URL, a redirect. Whom it talked to
 * before anything was disturbed is its own business (a database, a collector), unless that is the server behind the gate.
 */
export function watchPath({ pids, gatePorts, serverPorts, disturbed, record }: PathWatch): Disposable {
  const usual = new Set<string>();
  let told = false;
  const look = async () => {
    // As it was when the look began: what is found is older than that.
    const calm = !disturbed();
    for (const connection of await outgoingOf(pids())) {
      const elsewhere = !gatePorts().has(connection.remotePort) && connection.remotePort !== DNS_PORT;
      if (!elsewhere || told) continue;
      const where = `${connection.remoteAddress}:${connection.remotePort}`;
      const straight = serverPorts().has(connection.remotePort);
      if (calm && !straight) usual.add(where);
      if (usual.has(where)) continue;
      told = true;
      record({ type: 'obstacle', code: LEFT_PATH, text: `left the path to ${where}` });
    }
  };
  return every(LOOK_MS, look);
}
