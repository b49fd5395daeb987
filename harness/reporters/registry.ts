import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { HarnessError } from '../errors.js';
import type { Reporter } from './reporter.js';

/** Of a check that names none: what a person reads. */
export const DEFAULT_REPORTERS: readonly string[] = ['terminal', 'html'];

let found: readonly Reporter[] | undefined;

/** Every file of this folder that exports a `reporter`: adding a report is adding a file. Loading one must be cheap. */
export function findReporters(): readonly Reporter[] {
  found ??= readdirSync(__dirname)
    .filter((name) => name.endsWith('.js') && !name.endsWith('.test.js') && name !== basename(__filename))
    .sort()
    .flatMap((name) => {
      const { reporter } = require(join(__dirname, name)) as { readonly reporter?: Reporter };
      if (reporter === undefined) return [];
      if (`${reporter.name}.js` === name) return [reporter];
      throw new HarnessError('BAD_UNIT', `${name} has the reporter "${reporter.name}": its file is named after it`);
    });
  return found;
}

/** What `--reporter` takes; the terminal's is printed and no file. */
export function reporterNames(): string[] {
  return ['terminal', ...findReporters().map(({ name }) => name)];
}
