import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps nginx and haproxy where only root's PATH leads; Homebrew has a folder of its own. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];

/** The path of a program, if this machine has it. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS];
  const names = process.platform === 'win32' ? [`${name}.exe`, name] : [name];
  return folders
    .filter((folder) => folder !== '')
    .flatMap((folder) => names.map((one) => join(folder, one)))
    .find(isExecutable);
}

/** Whether HOLDFAST_REQUIRE names it: then its absence is an error, not a reason to skip. */
export function isRequired(name: string): boolean {
  return (process.env.HOLDFAST_REQUIRE ?? '').split(',').some((one) => one.trim() === name);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
