import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of package.json: two folders above the compiled file. */
export function version(): string {
  const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string };
  return version;
}
