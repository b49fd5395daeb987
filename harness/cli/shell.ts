/** The command that repeats a run: what was typed, with its seed. */
export function replayCommand(args: readonly string[], seed: number): string {
  const kept: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--seed') i += 1;
    else if (arg !== '--json' && !arg.startsWith('--seed=')) kept.push(arg);
  }
  return ['holdfast', ...kept, '--seed', String(seed)].map(quoted).join(' ');
}

/** One word for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
