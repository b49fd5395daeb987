/** Flaw: keeps a journal open for each session, and does not expect that one day it cannot be opened. */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { FlawMeta } from '../../program';
import type { Session } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/descriptor-exhaustion';
export const meta: FlawMeta = { role: 'server', trips };

function welcome({ socket }: Session): void {
  const journal = openSync(devNull, 'a');
  socket.once('close', () => closeSync(journal));
}

if (require.main === module) startServer({ welcome });
