import { HarnessError } from '../errors.js';
import type { Control } from './controls.js';
import { type Hand, parseHand } from './hand.js';

/** One line of the prompt, understood. */
export type Line =
  | { readonly do: 'nothing' | 'help' | 'status' | 'lanes' | 'verdicts' | 'faults' | 'quit' }
  | { readonly do: 'help'; readonly about: string }
  | { readonly do: 'heal'; readonly act: number | undefined }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'inject'; readonly hand: Hand };

/** Without a word behind them. */
const PLAIN = ['help', 'status', 'lanes', 'verdicts', 'faults', 'quit'] as const;
export const COMMANDS = [...PLAIN, 'cut', 'heal', 'wait', 'exit'];
/** What may follow a fault. */
const WORDS = ['all', 'for', 'in', 'every', 'times'];

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };
const COUNTS: Readonly<Record<string, number>> = {
  once: 1,
  twice: 2,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  ten: 10,
};

export function parseLine(text: string, controls: readonly Control[]): Line {
  const words = text
    .replace(/#(?!\d).*$/, '')
    // "5 s" is one word, "5s,".
    .replace(/(\d)\s+(ms|s|m|min|h)\b/g, '$1$2')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  const [first, ...rest] = words;
  if (first === undefined) return { do: 'nothing' };
  if (first === 'exit') return { do: 'quit' };
  if (first === 'help' && rest[0] !== undefined) return { do: 'help', about: rest[0] };
  const plain = PLAIN.find((word) => word === first);
  if (plain) return { do: plain };
  if (first === 'wait') return { do: 'wait', ms: durationOf(rest[0] ?? '') };
  if (first === 'heal') {
    const [which] = rest;
    if (which === undefined || which === 'all') return { do: 'heal', act: undefined };
    if (/^\d+$/.test(which)) return { do: 'heal', act: Number(which) };
    throw new HarnessError('BAD_LINE', `heal what? "heal" heals everything, "heal 3" the act with that number`);
  }
  return { do: 'inject', hand: parseHand({ fault: faultOf(first), ...askedBy(rest) }, controls) };
}

/** "cut all" is what everybody calls it. */
function faultOf(word: string): string {
  return word === 'cut' || word === 'cut-all' ? 'reset' : word;
}

/** `latencyMs=500 on 50% for 10s in 5s 3 times every 20s`, in any order. */
function askedBy(words: readonly string[]): Readonly<Record<string, unknown>> {
  const asked: Record<string, unknown> = {};
  const params: Record<string, unknown> = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const next = words[i + 1] ?? '';
    const pair = /^(\w+)=(.*)$/.exec(word);
    const isTimes = next === 'times' || next === 'time';
    if (pair) params[pair[1] ?? ''] = wordValue(pair[2] ?? '');
    else if (word === 'on') continue;
    else if (word === 'all') asked.scope = 'all';
    else if (/^#\d+$/.test(word)) asked.scope = { conn: Number(word.slice(1)) };
    else if (/^\d+(\.\d+)?%$/.test(word)) asked.scope = { share: Number(word.slice(0, -1)) / 100 };
    else if (word === 'once' || word === 'twice') asked.times = COUNTS[word];
    else if (isTimes) {
      asked.times = COUNTS[word] ?? Number(word);
      i += 1;
    } else if (word === 'for' || word === 'in' || word === 'every') {
      asked[`${word}Ms`] = durationOf(next);
      i += 1;
    } else {
      throw new HarnessError(
        'BAD_LINE',
        `"${word}" is not understood: a fault is followed by name=value, all, 50%, #3, for 10s, in 5s, 3 times, every 20s`,
      );
    }
  }
  return { ...asked, params };
}

function wordValue(text: string): number | string | boolean | null {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null' || text === 'none') return null;
  const number = Number(text);
  return text !== '' && !Number.isNaN(number) ? number : text;
}

function durationOf(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|min|h)?$/.exec(text) ?? [];
  if (number === undefined) throw new HarnessError('BAD_LINE', `"${text}" is no duration: write 500ms, 10s or 2m`);
  return Number(number) * (UNITS[unit] ?? 1000);
}

/** What the word under the cursor may become, for readline. */
export function complete(text: string, controls: readonly Control[]): [string[], string] {
  const words = text.split(/\s+/);
  const last = words.at(-1) ?? '';
  const faults = controls.map(({ fault }) => fault);
  const [first = ''] = words;
  if (words.length === 1) return [matching([...COMMANDS, ...faults], last), last];
  if (first === 'help') return [matching(faults, last), last];
  const control = controls.find(({ fault }) => fault === faultOf(first));
  if (!control) return [[], last];
  const pair = /^(\w+)=(.*)$/.exec(last);
  const parameter = control.parameters.find(({ name }) => name === pair?.[1]);
  if (parameter) {
    const choices =
      parameter.choices ?? (typeof parameter.value === 'boolean' ? ['true', 'false'] : [String(parameter.value)]);
    return [
      matching(
        choices.map((choice) => `${parameter.name}=${choice}`),
        last,
      ),
      last,
    ];
  }
  return [matching([...control.parameters.map(({ name }) => `${name}=`), ...WORDS], last), last];
}

function matching(words: readonly string[], begun: string): string[] {
  return words.filter((word) => word.startsWith(begun)).sort();
}
