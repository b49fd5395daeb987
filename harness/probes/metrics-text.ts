/** One value of a metric; `labels` as written. */
export interface Sample {
  readonly name: string;
  readonly labels: string;
  readonly value: number;
  /** As its `# TYPE` line has it. */
  readonly type: string;
}

export interface Metrics {
  readonly samples: readonly Sample[];
  /** Of all families, also of those that have no sample yet: one with labels has none before it was used. */
  readonly names: readonly string[];
}

const TYPE = /^# TYPE (\S+) (\w+)\s*$/;
const SAMPLE = /^([A-Za-z_:][\w:]*)(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?\s+([-+.\w]+)(?:\s+[-+.\w]+)?(?:\s+#.*)?$/;
/** What belongs to a histogram or summary, or is a counter in OpenMetrics: its `# TYPE` line has the name without it. */
const SUFFIX = /_(total|sum|count|bucket|created)$/;

/** Reads the text format of Prometheus, and OpenMetrics; undefined where the text is neither. */
export function readMetrics(text: string): Metrics | undefined {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split(/\r?\n/)) {
    const typed = TYPE.exec(line);
    if (typed?.[1] !== undefined) types.set(typed[1], typed[2] ?? 'untyped');
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name, labels = '', number = ''] = SAMPLE.exec(line) ?? [];
    const value = numberOf(number);
    if (name === undefined || value === undefined) return undefined;
    const type = types.get(name) ?? types.get(name.replace(SUFFIX, '')) ?? 'untyped';
    samples.push({ name, labels, value, type });
  }
  const names = [...new Set([...types.keys(), ...samples.map(({ name }) => name)])];
  return samples.length === 0 ? undefined : { samples, names };
}

function numberOf(text: string): number | undefined {
  if (/^[-+]?Inf(inity)?$/i.test(text))
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  const value = Number(text);
  return text === '' || Number.isNaN(value) ? undefined : value;
}
