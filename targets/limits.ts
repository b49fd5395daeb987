/** What one client may have of a server. A second is a second, whatever HOLDFAST_SCALE says: so are those of whom it limits. */
import type { EventEmitter } from 'node:events';

export const MIB = 1024 * 1024;

/** Counts what each address has open. */
export class OpenByAddress {
  readonly #open = new Map<string | undefined, number>();

  of(address: string | undefined): number {
    return this.#open.get(address) ?? 0;
  }

  /** Counts the socket until it closes. */
  hold(socket: EventEmitter, address: string | undefined): void {
    this.#open.set(address, this.of(address) + 1);
    socket.once('close', () => this.#open.set(address, this.of(address) - 1));
  }
}

/** Tells of each thing that happens whether it is still within `limit` a second. */
export function withinRate(limit: number): () => boolean {
  let [second, count] = [0, 0];
  return () => {
    const now = Math.floor(Date.now() / 1_000);
    if (now !== second) [second, count] = [now, 0];
    count += 1;
    return count <= limit;
  };
}
