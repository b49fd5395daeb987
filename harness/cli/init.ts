import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { configIn } from '../config.js';
import { HarnessError, messageOf } from '../errors.js';
import { detectProject } from '../project.js';
import { printable } from '../reporters/printable.js';
import { version } from '../version.js';
import { print } from './output.js';
import { configText, targetName, workflowText } from './starter-files.js';

const WORKFLOW = '.github/workflows/holdfast.yml';

export function addInit(program: Command): void {
  program
    .command('init')
    .summary('write a config and a CI job for the project in this folder')
    .description(
      'Looks at the project in this folder and writes holdfast.config.yaml and a GitHub workflow. Overwrites nothing.',
    )
    .action(() => init(process.cwd()));
}

async function init(folder: string): Promise<void> {
  const project = detectProject(folder);
  const root = repositoryOf(folder) ?? folder;
  const place = { folder: relative(root, folder).replaceAll('\\', '/') || '.', version: version() };
  const said = (path: string) => relative(folder, path);
  const existing = configIn(folder);
  const lines = [
    existing === undefined
      ? write(join(folder, 'holdfast.config.yaml'), configText(project), said)
      : `kept  ${said(existing)}, which is there already`,
    write(join(root, WORKFLOW), workflowText(project, place), said),
  ];
  const names = project.targets.map(targetName);
  if (existing === undefined) {
    for (const target of project.targets) {
      lines.push(
        '',
        `${targetName(target)}: ${target.role} "${target.command}", from ${target.because}. To be looked at in the config:`,
      );
      lines.push(...target.edits.map((edit) => `  - ${edit}`));
      if (target.protocol === 'grpc') lines.push('  - the method that is called (pkg.Service/Method)');
    }
  }
  if (!project.hasHoldfast)
    lines.push(
      '',
      `Say in ${said(join(root, WORKFLOW))} where the workflow has Holdfast from: OWNER is to be replaced.`,
    );
  const how = project.hasHoldfast ? 'npx holdfast' : 'holdfast';
  lines.push('', `Then: ${existing === undefined ? `${how} check ${names[0]}` : `${how} check`}`, '');
  await print(lines.map(printable).join('\n'));
}

/** Never over what is there, a link included. */
function write(path: string, text: string, said: (path: string) => string): string {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
    return `wrote ${said(path)}`;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')
      return `kept  ${said(path)}, which is there already`;
    throw new HarnessError('INIT_UNWRITABLE', `cannot write ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** A workflow is looked for at the root of a repository alone. */
function repositoryOf(folder: string): string | undefined {
  if (existsSync(join(folder, '.git'))) return folder;
  const above = dirname(folder);
  return above === folder ? undefined : repositoryOf(above);
}
