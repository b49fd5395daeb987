import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from '../scenario.js';

const GREETING = 'holdfast';
const ANSWER_MS = 2000;

/** A web server of ours that shows whether a hop leads to this machine. */
export interface Greeter extends Address, AsyncDisposable {
  /** Whether the answer that comes from there is its own. */
  isHeardAt(host: string, port: number): Promise<boolean>;
}

export async function startGreeter(host: string): Promise<Greeter> {
  const server = createServer((_, response) => response.end(GREETING));
  server.listen(0, host);
  await once(server, 'listening');
  return {
    host,
    port: (server.address() as AddressInfo).port,
    isHeardAt: (from, port) =>
      fetch(`http://${from}:${port}/`, { signal: AbortSignal.timeout(ANSWER_MS), headers: { connection: 'close' } })
        .then((answer) => answer.text())
        .then(
          (text) => text === GREETING,
          () => false,
        ),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
