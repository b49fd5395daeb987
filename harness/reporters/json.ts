import type { Run } from '../contract.js';

/** The very text of run.json. */
export function renderJson(run: Run): string {
  return `${JSON.stringify(run, null, 2)}\n`;
}
