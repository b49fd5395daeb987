import { connect, createServer, type Socket } from 'node:net';
import { within } from '../clock.js';
import type { GateConnection } from '../contract.js';
import { listenOnLoopback } from '../loopback.js';
import type { ToxicPath } from '../path/toxic-path.js';
import { secretToken } from '../random.js';
import type { Address, ScenarioContext } from '../scenario.js';

const LEAD_MS = 10_000;

/** Toxiproxy as a detour of connections that are there already; those two sockets stay, so that resets and ends stay true. */
export interface ToxicRoute {
  readonly path: ToxicPath;
  /** Where the path ends: here again. */
  readonly to: Address;
  /** Resolves when its bytes go that way; false where it has ended before. */
  lead(connection: GateConnection): Promise<boolean>;
}

/**
 *   gate --> near gate --> toxiproxy --> far gate --> back here, told apart by what it says first --> gate
 */
export async function openToxicRoute(context: ScenarioContext, name: string): Promise<ToxicRoute> {
  const waiting = new Map<string, (far: Socket) => void>();
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (far) => {
    far.on('error', () => undefined);
    readName(far, (said) => {
      const take = waiting.get(said);
      waiting.delete(said);
      if (take) take(far);
      else far.destroy();
    });
  });
  const back = context.defer(await listenOnLoopback(listener));
  const to = { host: back.host, port: back.port };
  const path = await context.openToxicPath({ name, to, silent: true });
  return {
    path,
    to,
    async lead(connection) {
      const own = secretToken();
      const near = connect({ host: path.near.host, port: path.near.port, allowHalfOpen: true, noDelay: true });
      near.on('error', () => undefined);
      try {
        const arrived = new Promise<Socket>((resolve) => waiting.set(own, resolve));
        near.write(own);
        const far = await within('the way through Toxiproxy', LEAD_MS, arrived);
        if (connection.detour(near, far)) return true;
        far.destroy();
      } catch {
        // It keeps the way that it has.
      } finally {
        waiting.delete(own);
      }
      near.destroy();
      return false;
    },
  };
}

const NAME_BYTES = secretToken().length;

function readName(socket: Socket, tell: (name: string) => void): void {
  let said = '';
  const take = (chunk: Buffer) => {
    said += chunk.toString('latin1');
    if (said.length < NAME_BYTES) return;
    socket.off('data', take).pause();
    tell(said);
  };
  socket.on('data', take);
}
