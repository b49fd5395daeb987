import type { Plan } from '../plan.js';
import { duration } from '../reporters/layout.js';
import { printableLines } from '../reporters/printable.js';
import { redact } from '../secrets.js';

/** What a run will do to a server that was running already, before anything is done: it may have users. */
export function announcementOf(plan: Plan, foreign: boolean): string {
  const { target, options, scenarios } = plan;
  const busiest = Math.max(0, ...scenarios.map(({ scenario }) => scenario.connections?.(options) ?? 0));
  const crowd = busiest > 0 ? `, with up to ${busiest.toLocaleString('en')} connections at once` : '';
  const where = foreign ? ', which is not on this machine' : '';
  // One running server is disturbed by one scenario after another where they load it.
  const lasts = duration(plan.quietMs + plan.busyMs);
  const wide = Math.max(0, ...scenarios.map(({ scenario }) => scenario.id.length));
  const lines = scenarios.map(({ scenario }) => `  ${scenario.id.padEnd(wide)}  ${scenario.about}`);
  return printableLines(
    [`about to disturb ${redact(target.server?.url ?? '')}${where}, for about ${lasts}${crowd}:`, ...lines].join('\n'),
  );
}
