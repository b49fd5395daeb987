/** Flaw: keeps a journal open for each stream, and does not expect that one day it cannot be opened. */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/descriptor-exhaustion';
export const meta: FlawMeta = { role: 'server', trips };

const journals: number[] = [];

if (require.main === module)
  startServer({
    queues: (next) => {
      journals.push(openSync(devNull, 'a'));
      next();
    },
    left: (forget) => {
      const journal = journals.pop();
      if (journal !== undefined) closeSync(journal);
      forget();
    },
  });
