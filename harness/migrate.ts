import type { Run, Target } from './contract.js';
import { HarnessError } from './errors.js';
import { runSchema, wrongField } from './run-schema.js';

/** What is written. A run of an older number is brought to it here, step by step; the history has only ever gained words. */
const SCHEMA = 'holdfast.run/1';

/** As far back as the first runs that were ever saved: what they lack was said, or not yet asked, in this way. */
type Earlier = Partial<Omit<Run, 'target'>> & { readonly target?: Partial<Target> };

/** A saved run as this Holdfast reads it; `file` is told where it cannot. */
export function migrate(saved: unknown, file: string): Run {
  const schema = isRecord(saved) ? saved.schema : undefined;
  const [, number] = /^holdfast\.run\/(\d+)$/.exec(String(schema)) ?? [];
  const [, own] = SCHEMA.split('/');
  if (number === undefined || Number(number) < 1)
    throw new HarnessError('UNKNOWN_SCHEMA', `${file} is no saved run: it has ${told(schema)}, not ${SCHEMA}`);
  if (Number(number) > Number(own))
    throw new HarnessError(
      'NEWER_SCHEMA',
      `${file} was saved by a newer Holdfast (schema ${number}; this one reads up to ${own}): judge it with that one`,
    );
  const run = withLaterFields(saved as Earlier, file);
  const parsed = runSchema.safeParse(run);
  if (parsed.success) return run;
  throw new HarnessError(
    'BROKEN_RUN',
    `${file} is not as it was saved: ${wrongField(parsed.error)}; take an unchanged copy, or run the check again`,
  );
}

/** Fields that schema 1 has gained since its first runs, each with what its absence means. */
function withLaterFields(run: Earlier, file: string): Run {
  const { target, options, verdicts, summary } = run;
  if (!target || !options || !Array.isArray(verdicts) || !summary)
    throw new HarnessError('BROKEN_RUN', `${file} lacks verdicts, target, options or summary`);
  return {
    ...(run as Run),
    target: {
      ...(target as Target),
      ...(target.server ? { server: { ...target.server, pressureEnv: target.server.pressureEnv ?? {} } } : {}),
      ...(target.client ? { client: { ...target.client, pressureEnv: target.client.pressureEnv ?? {} } } : {}),
      known: target.known ?? [],
    },
    wall: run.wall ?? { quietMs: 0, busyMs: 0, limitMs: 0 },
    verdicts: verdicts.map((verdict) =>
      isRecord(verdict) ? { ...verdict, samples: verdict.samples ?? null, margin: verdict.margin ?? null } : verdict,
    ),
    waivers: run.waivers ?? [],
    budgets: run.budgets ?? [],
    selfCheck: run.selfCheck ?? null,
    summary: {
      ...summary,
      mustLeftOut: summary.mustLeftOut ?? 0,
      waived: summary.waived ?? 0,
      crashed: summary.crashed ?? false,
    },
  };
}

function told(schema: unknown): string {
  return schema === undefined ? 'no schema' : `schema ${JSON.stringify(schema)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
