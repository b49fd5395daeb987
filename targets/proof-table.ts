/** docs/proof.md: a row a check. Rows of checks that were not run this time stay as they are. */
import type { Check, Outcome } from '../harness/contract.js';

/** What was seen of one subject: its outcome by engine. */
export interface Seen {
  readonly kind: 'resilient' | 'flawed' | 'tricky';
  /** What makes a tricky one unusual. */
  readonly trick?: string;
  readonly file: string;
  readonly engine: Engine;
  readonly outcome: Outcome | 'no verdict';
}

export type Engine = 'toxiproxy' | 'embedded';
type Cell = Map<string, { readonly trick: string; readonly byEngine: Map<Engine, string> }>;
const KINDS = ['resilient', 'flawed', 'tricky'] as const;
const BEGIN = '<!-- proof -->';
const END = '<!-- /proof -->';
const HEAD = ['check', 'resilient', 'flawed', 'tricky but fine', 'Toxiproxy'];

export class ProofTable {
  readonly #rows = new Map<string, Record<(typeof KINDS)[number], Cell>>();

  constructor(
    ids: readonly string[],
    private readonly inPath: (id: string) => boolean,
  ) {
    for (const id of ids) this.#rows.set(id, { resilient: new Map(), flawed: new Map(), tricky: new Map() });
  }

  get ids(): readonly string[] {
    return [...this.#rows.keys()];
  }

  add(id: string, { kind, trick = '', file, engine, outcome }: Seen): void {
    const cell = this.#rows.get(id)?.[kind];
    if (!cell) return;
    const one = cell.get(file) ?? { trick, byEngine: new Map() };
    cell.set(file, one);
    one.byEngine.set(engine, outcome);
  }

  /** Checks that lack one of their three subjects, or whose resilient one does not pass. */
  missing(): string[] {
    return [...this.#rows].flatMap(([id, row]) => [
      ...KINDS.filter((kind) => row[kind].size === 0).map((kind) => `${id}: there is no ${kind} subject`),
      ...[...row.resilient].flatMap(([file, { byEngine }]) =>
        [...byEngine].flatMap(([engine, outcome]) =>
          outcome === 'pass' ? [] : [`${id}: ${file} is ${outcome} on ${engine}`],
        ),
      ),
    ]);
  }

  /** The page with these rows in place of its own of the same checks; the prose around them is kept. */
  written(page: string, order: readonly Check[], wrong: readonly string[]): string {
    const kept = new Map([...page.matchAll(/^\| `([^`]+)` \|.*\|$/gm)].map(([line, id = '']) => [id, line] as const));
    const ids = [...new Set(order.map(({ id }) => id))];
    const lines = ids.flatMap((id) => (this.#rows.has(id) ? this.#line(id) : (kept.get(id) ?? [])));
    const body = [
      BEGIN,
      `| ${HEAD.join(' | ')} |`,
      `|${' --- |'.repeat(HEAD.length)}`,
      ...lines,
      '',
      wrong.length === 0
        ? 'Nothing is otherwise than it must be.'
        : `Not as it must be:\n\n${wrong.map((what) => `- ${what}`).join('\n')}`,
      END,
    ].join('\n');
    const at = page.indexOf(BEGIN);
    const end = page.indexOf(END);
    if (at < 0 || end < 0) return `${page.trimEnd()}\n\n${body}\n`;
    return page.slice(0, at) + body + page.slice(end + END.length);
  }

  #line(id: string): string {
    const row = this.#rows.get(id);
    const engines = new Set(
      KINDS.flatMap((kind) => [...(row?.[kind].values() ?? [])].flatMap(({ byEngine }) => [...byEngine.keys()])),
    );
    const path = this.inPath(id) ? (engines.size > 1 ? 'both' : ([...engines][0] ?? '-')) : 'not in its path';
    return `| \`${id}\` | ${KINDS.map((kind) => told(row?.[kind])).join(' | ')} | ${path} |`;
  }
}

function told(cell: Cell | undefined): string {
  // By file: those that ran side by side came in any order.
  const files = [...(cell ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  const each = files.map(([, { trick, byEngine }]) => {
    const outcomes = new Set(byEngine.values());
    const said =
      outcomes.size === 1 ? [...outcomes][0] : [...byEngine].map(([engine, one]) => `${one} on ${engine}`).join(', ');
    return `${said}${trick === '' ? '' : `: ${trick}`}`;
  });
  // Several resilient programs that all pass need no list.
  return [...new Set(each)].join('; ') || '-';
}
