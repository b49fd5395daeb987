/** Flaw: keeps a journal open for each stream, and does not expect that one day it cannot be opened. */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { FlawMeta } from '../../program';
import type { Stream } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const trips = 'sse/descriptor-exhaustion';
export const meta: FlawMeta = { role: 'server', trips };

function welcome({ response }: Stream): void {
  const journal = openSync(devNull, 'a');
  response.once('close', () => closeSync(journal));
}

if (require.main === module) startServer({ welcome });
