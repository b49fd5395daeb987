import { HarnessError } from '../errors.js';

/**
 * A target's command (DESIGN section 3): "split and executed without a shell unless it needs one".
 *
 * Own splitter, because those on npm either follow POSIX to the letter and so eat the backslashes of `C:\app\server.exe`
 * (shell-quote), or are ESM-only (string-argv), and none tells whether a shell is needed or quotes a value that is put
 * in between.
 */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** Run by `sh -c`: the process we start is not sure to be the program itself. */
  readonly shell: boolean;
  /** A shell that replaces itself by the program (`exec`), so that pid and exit code are the program's. */
  readonly direct: boolean;
}

export type Placeholders = Readonly<Partial<Record<'port' | 'host' | 'url', string | number>>>;

type Quote = "'" | '"' | undefined;

interface Scan {
  readonly words: readonly string[];
  /** Expansions, redirections, globs or assignments: only a shell understands them. */
  readonly syntax: boolean;
  /** More than one command: `exec` in front would replace only the first. */
  readonly compound: boolean;
  /** Length of the leading `NAME=value ` assignments in the text. */
  readonly assignments: number;
}

const control = new Set(['|', '&', ';', '(', ')', '\n', '`']);
const special = new Set([...control, '<', '>', '$', '*', '?', '[']);
const builtins = new Set(
  '. alias bg break case cd command eval exec exit export fg for if local readonly return set shift source time trap type ulimit umask unset until wait while {'.split(
    ' ',
  ),
);

/** @param text a command as a user typed it. */
export function parseCommand(
  text: string,
  placeholders: Placeholders = {},
  platform: NodeJS.Platform = process.platform,
): Command {
  const scan = scanCommand(text, platform);
  const first = scan.words[0];
  if (first === undefined) throw new HarnessError('BAD_COMMAND', 'the command is empty: name a program to start');
  const builtin = builtins.has(first);
  if (!scan.syntax && !builtin) {
    const [file = first, ...args] = scan.words.map((word) => replace(word, placeholders, (value) => value));
    return { file, args, shell: false, direct: true };
  }
  const filled = fillForShell(text, placeholders, platform);
  if (platform === 'win32') {
    return { file: process.env.ComSpec ?? 'cmd.exe', args: ['/d', '/s', '/c', filled], shell: true, direct: false };
  }
  // Anew, since the values have moved what comes after them.
  const { assignments } = scanCommand(filled, platform);
  const lead = filled.slice(0, assignments);
  const rest = filled.slice(assignments);
  // `A=1 exec node x` is the same command without a shell left between us and the program.
  const program = scanCommand(rest, platform).words[0];
  const direct = !scan.compound && program !== undefined && !builtins.has(program) && !/^[<>\d]/.test(rest);
  return { file: 'sh', args: ['-c', direct ? `${lead}exec ${rest}` : filled], shell: true, direct };
}

function scanCommand(text: string, platform: NodeJS.Platform): Scan {
  const words: string[] = [];
  let word: string | undefined;
  let quote: Quote;
  let wordStart = 0;
  let syntax = false;
  let compound = false;
  let assignments = 0;
  let leading = true;
  const endWord = (at: number) => {
    if (word === undefined) return;
    if (leading && platform !== 'win32' && /^[A-Za-z_]\w*=/.test(text.slice(wordStart, at))) {
      syntax = true;
      assignments = at;
    } else {
      leading = false;
      words.push(word);
    }
    word = undefined;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (word === undefined && quote === undefined && !/[ \t\r\n]/.test(char)) wordStart = at;
    if (quote === "'") {
      if (char === "'") quote = undefined;
      else word = (word ?? '') + char;
    } else if (char === '\\' && escapes(next, quote, platform)) {
      word = (word ?? '') + next;
      at += 1;
    } else if (quote === '"') {
      if (char === '"') quote = undefined;
      else {
        if (platform !== 'win32' && ((char === '$' && /[\w({?@*#!$-]/.test(next)) || char === '`')) syntax = true;
        if (char === '`' || (char === '$' && next === '(')) compound = true;
        word = (word ?? '') + char;
      }
    } else if (char === '"' || (char === "'" && platform !== 'win32')) {
      quote = char;
      word ??= '';
    } else if (/[ \t\r]/.test(char) || (char === '\n' && text.slice(at).trim() === '')) {
      endWord(at);
    } else {
      if (isSyntax(char, word === undefined, platform)) {
        syntax = true;
        // `2>&1` and `>&2` are redirections, not two commands.
        const previous = text.charAt(at - 1);
        if (control.has(char) && !(char === '&' && (previous === '>' || next === '>'))) compound = true;
      }
      word = (word ?? '') + char;
    }
  }
  if (quote) throw new HarnessError('BAD_COMMAND', `the command has an unclosed ${quote}: ${text}`);
  endWord(text.length);
  const afterAssignments = text.slice(assignments);
  return {
    words,
    syntax,
    compound,
    assignments: assignments + (afterAssignments.length - afterAssignments.trimStart().length),
  };
}

/**
 * A backslash keeps its meaning only before what would otherwise be special, so that `C:\app\x.exe` stays itself; on
 * Windows only before a double quote.
 */
function escapes(next: string, quote: Quote, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return next === '"';
  if (quote === '"') return next === '"' || next === '\\' || next === '$' || next === '`';
  return next !== '' && (/[\s'"\\~#{}]/.test(next) || special.has(next));
}

function isSyntax(char: string, atWordStart: boolean, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return '|&<>%'.includes(char);
  return special.has(char) || (atWordStart && (char === '~' || char === '#'));
}

/** Puts the values where a shell will read them, quoted for the place they stand in. */
function fillForShell(text: string, placeholders: Placeholders, platform: NodeJS.Platform): string {
  if (platform === 'win32') return replace(text, placeholders, (value) => value);
  let quote: Quote;
  let out = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const name = char === '{' ? /^\{(port|host|url)\}/.exec(text.slice(at))?.[0] : undefined;
    if (name) {
      const inside = quote;
      out += replace(name, placeholders, (value) => quoteFor(value, inside));
      at += name.length - 1;
    } else if (char === '\\' && quote !== "'") {
      out += char + text.charAt(at + 1);
      at += 1;
    } else {
      if (quote === undefined && (char === '"' || char === "'")) quote = char;
      else if (char === quote) quote = undefined;
      out += char;
    }
  }
  return out;
}

function quoteFor(value: string, inside: Quote): string {
  if (inside === '"') return value.replace(/[\\"$`]/g, '\\$&');
  const single = value.replaceAll("'", "'\\''");
  if (inside === "'") return single;
  return /^[\w.:/@%+,=-]+$/.test(value) ? value : `'${single}'`;
}

function replace(word: string, placeholders: Placeholders, quoted: (value: string) => string): string {
  return word.replace(/\{(port|host|url)\}/g, (whole, name: 'port' | 'host' | 'url') => {
    const value = placeholders[name];
    return value === undefined ? whole : quoted(String(value));
  });
}
