import { stringify } from 'yaml';
import type { DetectedTarget, Project } from '../project.js';

/** What `holdfast init` writes: a config and a workflow, as texts. */

/** An expression of GitHub's, and none of ours. */
const MATRIX_TARGET = ['$', '{{ matrix.target }}'].join('');
const LINE = { lineWidth: 0 } as const;

export function configText({ targets }: Project): string {
  return [
    '# Holdfast: how its programs are started and asked, in the words of `holdfast check --help` without dashes.',
    'targets:',
    ...targets.flatMap(targetLines),
    '',
  ].join('\n');
}

/** By its protocol: `holdfast check websocket`. */
export function targetName({ protocol }: DetectedTarget): string {
  return protocol.split('/')[0] ?? protocol;
}

function targetLines(target: DetectedTarget): string[] {
  const { protocol, role, command, path, because, edits } = target;
  const words = { [role]: command, protocol, ...(path === undefined ? {} : { path }) };
  const name = targetName(target);
  const isGrpc = name === 'grpc';
  return [
    `  # From ${oneLine(because)}. To be looked at:`,
    ...edits.map((edit) => `  #   ${oneLine(edit)}`),
    ...(isGrpc ? ['  #   the method that is called, and the .proto where the server has no reflection'] : []),
    `  ${name}:`,
    ...stringify(words, LINE)
      .trimEnd()
      .split('\n')
      .map((line) => `    ${line}`),
    ...(isGrpc ? ['    # method: pkg.Service/Method', '    # proto: service.proto'] : []),
    '    # Each of these lets more checks run; none of them can be guessed:',
    `    # subscribe: '{"type":"subscribe"}'   # what a client asks for first`,
    `    # resume: '?last={id}'                # how it presents the last id it had`,
    "    # auth: 'Authorization: Bearer TOKEN' # how it logs in",
    '    # Limits of your own, and what a check weighs (off, warn or error):',
    ...(role === 'server'
      ? [`    # budgets: ['storm-collapse t99Ms <= 2000']`, `    # severity: { ${name}/no-connection-limit: warn }`]
      : [`    # budgets: ['no-reconnect reconnectMs max <= 30000']`, `    # severity: { ${name}/herd-retry: warn }`]),
  ];
}

export interface Place {
  /** From the root of the repository to the config; '.' where it lies there. */
  readonly folder: string;
  readonly version: string;
}

export function workflowText({ language, targets, hasHoldfast, install }: Project, { folder, version }: Place): string {
  const below = folder === '.' ? '' : `${folder}/`;
  const inFolder = folder === '.' ? [] : [`        working-directory: ${quoted(folder)}`];
  const step = (...lines: readonly string[]) => [
    `      - ${lines[0]}`,
    ...lines.slice(1).map((line) => `        ${line}`),
  ];
  return [
    '# What happens to the programs of holdfast.config when the network, a proxy or a deploy misbehaves.',
    'name: holdfast',
    'on:',
    '  push:',
    '    branches: [main]',
    '  pull_request:',
    'permissions:',
    '  contents: read',
    'jobs:',
    '  holdfast:',
    '    runs-on: ubuntu-latest',
    '    timeout-minutes: 30',
    '    strategy:',
    '      fail-fast: false',
    '      matrix:',
    `        target: [${targets.map(targetName).join(', ')}]`,
    '    steps:',
    ...step('uses: actions/checkout@v4'),
    ...step('uses: actions/setup-node@v4', 'with:', '  node-version: 20'),
    ...setupOf(language, below).flatMap((lines) => step(...lines)),
    ...(install === undefined ? [] : [...step(`run: ${install}`), ...inFolder]),
    ...(hasHoldfast
      ? [
          ...step(
            'run: npx --no-install holdfast check "$TARGET" --reporter terminal,html,markdown,junit,sarif',
            'env:',
            `  TARGET: ${MATRIX_TARGET}`,
          ),
          ...inFolder,
        ]
      : step(
          '# The repository that you have Holdfast from.',
          `uses: OWNER/holdfast@v${version}`,
          'with:',
          `  target: ${MATRIX_TARGET}`,
          ...(folder === '.' ? [] : [`  working-directory: ${quoted(folder)}`]),
        )),
    ...step(
      'uses: actions/upload-artifact@v4',
      'if: always()',
      'with:',
      `  name: holdfast-${MATRIX_TARGET}`,
      `  path: ${quoted(`${below}results/`)}`,
    ),
    '',
  ].join('\n');
}

function setupOf(language: Project['language'], below: string): string[][] {
  switch (language) {
    case 'python':
      return [['uses: actions/setup-python@v5', 'with:', "  python-version: '3.x'"]];
    case 'go':
      return [['uses: actions/setup-go@v5', 'with:', `  go-version-file: ${quoted(`${below}go.mod`)}`]];
    case 'node':
    case 'rust':
    case 'other':
      return [];
  }
}

function quoted(text: string): string {
  return stringify(text, LINE).trimEnd();
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
