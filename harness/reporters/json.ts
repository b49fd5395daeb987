import type { Run } from '../contract.js';
import { printableJson } from '../json.js';
import type { Reporter } from './reporter.js';

/** The very text of run.json, which every run has. */
export function renderJson(run: Run): string {
  return `${printableJson(run, 2)}\n`;
}

export const reporter: Reporter = { name: 'json', file: 'run.json', render: renderJson };
