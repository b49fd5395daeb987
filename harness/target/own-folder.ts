import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownPrefix, startReaper } from './reaper.js';

/** A temporary folder that says whose it is, so that it goes with us however we end. */
export function makeOwnFolder(kind: string): string {
  startReaper();
  return mkdtempSync(join(tmpdir(), `${ownPrefix}${kind}-`));
}
