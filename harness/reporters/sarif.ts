import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import type { Log, Notification, ReportingDescriptor, Result } from 'sarif';
import { ANTI_PATTERNS } from '../anti-patterns.js';
import type { Run, Target, Verdict } from '../contract.js';
import { printableJson } from '../json.js';
import { evidenceOf } from './details.js';
import { printable } from './printable.js';
import type { Reporter } from './reporter.js';
import { targetFile } from './target-file.js';

const ROOT = '%SRCROOT%';

/**
 * What failed as results, what could not be decided as notifications of the tool's, every check as a rule (SARIF 2.1.0).
 * Passed and skipped checks are none: GitHub makes an alert of every result, whatever its kind.
 */
export function renderSarif(run: Run): string {
  const ended = new Date(Date.parse(run.startedAt) + run.durationMs);
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Holdfast',
            version: run.version,
            semanticVersion: run.version,
            rules: [
              ...run.verdicts.map((verdict) => ruleOf(verdict, run)),
              ...(run.budgets.length > 0 ? [BUDGET_RULE] : []),
            ],
          },
        },
        automationDetails: { id: `holdfast/${printable(run.target.name)}/` },
        originalUriBaseIds: { [ROOT]: { uri: `${pathToFileURL(run.target.cwd).href.replace(/\/$/, '')}/` } },
        invocations: [
          {
            executionSuccessful: true,
            commandLine: printable(run.replay),
            startTimeUtc: run.startedAt,
            endTimeUtc: ended.toISOString(),
            toolExecutionNotifications: run.verdicts.flatMap((verdict, index) => notificationOf(verdict, index, run)),
          },
        ],
        results: [...run.verdicts.flatMap((verdict, index) => resultOf(verdict, index, run)), ...budgetResults(run)],
        properties: {
          grade: run.summary.grade,
          seed: run.seed,
          engine: `${run.engine.kind} ${printable(run.engine.version)}`,
        },
      },
    ],
  };
  return `${printableJson(log, 2)}\n`;
}

/** Where a system's server and client may both have the problem, the role tells which. */
function ruleId({ check, role }: Verdict, run: Run): string {
  const isTwin = run.verdicts.some((other) => other.check === check && other.role !== role);
  return isTwin ? `${check}.${role}` : check;
}

function ruleOf(verdict: Verdict, run: Run): ReportingDescriptor {
  const { title, fix, antiPattern } = verdict;
  const pattern = antiPattern === null ? undefined : ANTI_PATTERNS[antiPattern - 1];
  return {
    id: ruleId(verdict, run),
    shortDescription: { text: message(title) },
    fullDescription: { text: message(pattern === undefined ? title : `${title} (anti-pattern: ${pattern})`) },
    help: { text: message(fix) },
    defaultConfiguration: { level: levelOf(verdict, run.target) },
    properties: { tags: [verdict.level, verdict.role, ...(antiPattern === null ? [] : [`AP ${antiPattern}`])] },
  };
}

function levelOf({ check, level }: Verdict, { severity }: Target): 'error' | 'warning' | 'note' {
  if (severity[check] === 'error') return 'error';
  if (level === 'MUST') return severity[check] === 'warn' ? 'warning' : 'error';
  return level === 'SHOULD' ? 'warning' : 'note';
}

function resultOf(verdict: Verdict, ruleIndex: number, run: Run): Result[] {
  if (verdict.outcome !== 'fail') return [];
  const { actual, expected, fix, waived, measured, threshold, because, scenario, view, confidence } = verdict;
  const id = ruleId(verdict, run);
  return [
    {
      ruleId: id,
      ruleIndex,
      kind: 'fail',
      level: levelOf(verdict, run.target),
      message: { text: message(`${actual}. Expected: ${expected}. Fix: ${fix} Look at: ${evidenceOf(verdict)}`) },
      locations: [
        {
          physicalLocation: { artifactLocation: artifactOf(verdict, run), region: { startLine: 1 } },
          logicalLocations: [{ name: printable(run.target.name), kind: verdict.role }],
        },
      ],
      partialFingerprints: fingerprint(run, id),
      ...(waived === null ? {} : { suppressions: [{ kind: 'external', justification: message(waived) }] }),
      properties: { measured, threshold, because, scenario, view, confidence },
    },
  ];
}

const BUDGET_RULE: ReportingDescriptor = {
  id: 'holdfast/budget',
  shortDescription: { text: 'A measured number keeps to the budget of the config' },
  defaultConfiguration: { level: 'error' },
};

/** One that could not be measured is gated too, and so no less a result. */
function budgetResults(run: Run): Result[] {
  const ruleIndex = run.verdicts.length;
  return run.budgets
    .filter(({ outcome }) => outcome !== 'pass')
    .map(({ budget, check, role, outcome, actual, value }) => ({
      ruleId: BUDGET_RULE.id,
      ruleIndex,
      kind: 'fail',
      level: outcome === 'fail' ? 'error' : 'warning',
      message: { text: message(`${budget}: ${actual} (${check})`) },
      locations: [{ physicalLocation: { artifactLocation: artifactOf({ role }, run), region: { startLine: 1 } } }],
      partialFingerprints: fingerprint(run, budget),
      properties: { check, value },
    }));
}

function fingerprint({ target }: Run, what: string): Record<string, string> {
  return { 'holdfastCheck/v1': createHash('sha256').update(`${target.name}\n${what}`).digest('hex') };
}

function notificationOf(verdict: Verdict, index: number, run: Run): Notification[] {
  if (verdict.outcome !== 'inconclusive') return [];
  return [
    {
      level: 'warning',
      message: { text: message(`could not be decided: ${verdict.reason ?? verdict.actual}`) },
      associatedRule: { id: ruleId(verdict, run), index },
    },
  ];
}

/** GitHub wants a file; of a program that is not told by one, or runs elsewhere, the target's name stands for it. */
function artifactOf(verdict: Pick<Verdict, 'role'>, { target }: Run): { uri: string; uriBaseId?: string } {
  const file = targetFile(target, verdict);
  const path = file ?? printable(target.name);
  const uri = path.split('/').map(encodeURIComponent).join('/');
  return file === undefined ? { uri } : { uri, uriBaseId: ROOT };
}

/** SARIF 2.1.0, 3.11.5 and 3.11.6: braces are doubled, brackets escaped, or they would be placeholders and links. */
function message(text: string): string {
  return printable(text)
    .replace(/[\\[\]]/g, '\\$&')
    .replace(/[{}]/g, '$&$&');
}

export const reporter: Reporter = { name: 'sarif', file: 'holdfast.sarif', render: renderSarif };
