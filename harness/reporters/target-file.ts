import { isAbsolute, relative, resolve } from 'node:path';
import type { Target, Verdict } from '../contract.js';

/**
 * The file that a verdict is most likely about, as told by the command of the program that it judges: `server.mjs` of
 * `node server.mjs --port {port}`. Relative to the target's folder; undefined where no word looks like a file in it.
 */
export function targetFile(target: Target, { role }: Pick<Verdict, 'role'>): string | undefined {
  const words = (target[role]?.command ?? '').split(/\s+/).map((word) => word.replace(/^["']|["']$/g, ''));
  // `python -m app.main` names a module.
  const named = words.find((word, at) => isFileName(word) && words[at - 1] !== '-m');
  if (named === undefined) return undefined;
  const path = relative(target.cwd, resolve(target.cwd, named));
  return path === '' || path.startsWith('..') || isAbsolute(path) ? undefined : path;
}

function isFileName(word: string): boolean {
  return /^(\.{0,2}\/)?[\w@][\w@./+-]*$/.test(word) && (/\.[A-Za-z]\w*$/.test(word) || word.startsWith('./'));
}
