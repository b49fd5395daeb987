/** docs/containers.md: a row for each group of verdicts that are the same on every engine. Rows of subjects that were not run stay. */
import type { Run } from '../harness/contract.js';

export const ENGINES = ['docker', 'toxiproxy', 'embedded'] as const;
export type EngineName = (typeof ENGINES)[number];

const BEGIN = '<!-- engines -->';
const END = '<!-- /engines -->';
const HEAD = [`| subject: checks | ${ENGINES.join(' | ')} |`, `|${' --- |'.repeat(ENGINES.length + 1)}`];

export class EnginesTable {
  /** By subject and by check, what each engine came to. */
  readonly #seen = new Map<string, Map<string, Partial<Record<EngineName, string>>>>();

  constructor(private readonly order: readonly string[]) {}

  add(subject: string, engine: EngineName, { verdicts }: Pick<Run, 'verdicts'>): void {
    const rows = this.#seen.get(subject) ?? new Map<string, Partial<Record<EngineName, string>>>();
    this.#seen.set(subject, rows);
    for (const { check, role, outcome } of verdicts) {
      if (outcome === 'skipped') continue;
      const both = verdicts.filter((one) => one.check === check && one.outcome !== 'skipped').length > 1;
      const name = `${check.replace(/^.*\//, '')}${both ? ` (${role})` : ''}`;
      rows.set(name, { ...rows.get(name), [engine]: outcome });
    }
  }

  /** Where one engine says pass and another one fail. */
  opposite(): string[] {
    return [...this.#seen].flatMap(([subject, rows]) =>
      [...rows].flatMap(([check, by]) => {
        const said = ENGINES.filter((engine) => by[engine] === 'pass' || by[engine] === 'fail');
        return new Set(said.map((engine) => by[engine])).size > 1
          ? [`${subject}: ${check} is ${said.map((engine) => `${by[engine]} on ${engine}`).join(', ')}`]
          : [];
      }),
    );
  }

  /** The page with these rows between its marks, and the others as they stand there. */
  written(page: string): string {
    const [at, end] = [page.indexOf(BEGIN), page.indexOf(END)];
    if (at < 0 || end < at) throw new Error(`the page has no ${BEGIN} and ${END}`);
    const before = page.slice(at, end).split('\n');
    const lines = this.order.flatMap((subject) => {
      const rows = this.#seen.get(subject);
      return rows ? linesOf(subject, rows) : before.filter((line) => line.startsWith(`| ${subject}: `));
    });
    return [page.slice(0, at) + BEGIN, ...HEAD, ...lines, page.slice(end)].join('\n');
  }
}

function linesOf(subject: string, rows: ReadonlyMap<string, Partial<Record<EngineName, string>>>): string[] {
  const groups = new Map<string, string[]>();
  for (const [check, by] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const outcomes = ENGINES.map((engine) => by[engine] ?? 'not run').join(' | ');
    groups.set(outcomes, [...(groups.get(outcomes) ?? []), check]);
  }
  return [...groups].map(([outcomes, checks]) => `| ${subject}: ${checks.join(', ')} | ${outcomes} |`);
}
