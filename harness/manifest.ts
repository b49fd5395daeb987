import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check, ScenarioMeta } from './contract.js';
import { HarnessError } from './errors.js';

/**
 * The names of all checks, the windows of their scenarios and the schemes of protocols, written when the package is built: jest needs names
 * synchronously, and loading every suite for them would cost each test file that much.
 */
export interface Manifest {
  readonly checks: readonly Pick<Check, 'id' | 'level' | 'role' | 'title' | 'scenario'>[];
  readonly scenarios: readonly Pick<ScenarioMeta, 'id' | 'lane' | 'recordsAs' | 'windowMs'>[];
  readonly protocols: readonly { readonly id: string; readonly schemes: readonly string[] }[];
}

/** dist/manifest.json. */
export const MANIFEST_PATH = join(__dirname, '../manifest.json');

export function readManifest(): Manifest {
  try {
    return JSON.parse(readFileSync(MANIFEST_PATH, 'utf8')) as Manifest;
  } catch (cause) {
    throw new HarnessError('NO_MANIFEST', `cannot read ${MANIFEST_PATH}: the package was not built (npm run build)`, {
      cause,
    });
  }
}
