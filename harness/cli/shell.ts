/** The command that repeats a run: what was typed, with its seed. */
export function replayCommand(args: readonly string[], seed: number): string {
  const kept = withoutFlag(args, '--seed').filter((arg) => arg !== '--json');
  return ['holdfast', ...kept, '--seed', String(seed)].map(quoted).join(' ');
}

/** What was typed without a flag and its value, in either form. */
export function withoutFlag(args: readonly string[], flag: string): string[] {
  return args.filter((arg, i) => arg !== flag && args[i - 1] !== flag && !arg.startsWith(`${flag}=`));
}

/** One word for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
