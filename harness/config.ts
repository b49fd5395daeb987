import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { createJiti } from 'jiti';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { didYouMean } from './cli/nearest.js';
import { type HoldfastConfig, NOT_BUILT, type Settings, settingsSchema } from './config-schema.js';
import { HarnessError, messageOf } from './errors.js';
import { issueWords } from './issue-words.js';
import { learnSettings } from './secret-sources.js';

const NAMES = ['ts', 'js', 'cjs', 'mjs', 'json', 'yaml', 'yml'].map((extension) => `holdfast.config.${extension}`);

/** Gives a config its types; nothing else. */
export function defineConfig(config: HoldfastConfig): HoldfastConfig {
  return config;
}

export interface LoadedConfig {
  readonly path: string;
  readonly folder: string;
  readonly targets: ReadonlyMap<string, Settings>;
}

/** The config of this folder, whatever it is written in. */
export function configIn(folder: string): string | undefined {
  return NAMES.map((name) => join(folder, name)).find(existsSync);
}

/** The named config, else the one of this folder; undefined where there is none. */
export async function loadConfig(given: string | undefined, folder: string): Promise<LoadedConfig | undefined> {
  const path = given === undefined ? configIn(folder) : resolve(folder, given);
  if (path === undefined) return undefined;
  if (!existsSync(path)) throw new HarnessError('NO_CONFIG', `there is no config ${path}`);
  const content = await readConfig(path);
  return { path, folder: dirname(path), targets: targetsOf(content, path) };
}

async function readConfig(path: string): Promise<unknown> {
  try {
    switch (extname(path)) {
      case '.json':
        return JSON.parse(readFileSync(path, 'utf8'));
      case '.yaml':
      case '.yml':
        return wholeYaml(readFileSync(path, 'utf8'));
      default:
        return await createJiti(path, { fsCache: false, interopDefault: true }).import(path, { default: true });
    }
  } catch (cause) {
    throw new HarnessError('CONFIG_UNREADABLE', `cannot read ${path}: ${inOneLine(messageOf(cause))}`, { cause });
  }
}

/** What the parser only warns of, as a tag that nobody knows, would be read as something else. */
function wholeYaml(text: string): unknown {
  const document = parseDocument(text, { stringKeys: true });
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong) throw wrong;
  return document.toJS();
}

/** What parsers say first, with the line they mean; not the picture of it that follows. */
function inOneLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && line !== '^' && !/^(- |Require stack)/.test(line))
    .slice(0, 2)
    .join(' ');
}

function targetsOf(content: unknown, path: string): Map<string, Settings> {
  const refuse = (what: string): never => {
    throw new HarnessError('BAD_CONFIG', `${path}: ${what}`);
  };
  if (!isRecord(content)) return refuse('must be an object with the field "targets"');
  for (const field of Object.keys(content)) {
    if (field !== 'targets') refuse(`there is no field "${field}"${didYouMean(field, ['targets'])}`);
  }
  const { targets } = content;
  if (!isRecord(targets)) return refuse('the field "targets" must be an object of named targets');
  return new Map(
    Object.entries(targets).map(([name, settings]) => {
      if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
        refuse(`"${name}" cannot name a target: use letters, digits, ".", "_" and "-"`);
      return [name, parseSettings(settings, (field) => `${path}: targets.${name}${field === '' ? '' : `.${field}`}`)];
    }),
  );
}

/** Settings understood, or a HarnessError that names the first wrong field, and the nearest right one. */
export function parseSettings(settings: unknown, place: (field: string) => string): Settings {
  if (!isRecord(settings)) throw new HarnessError('BAD_CONFIG', `${place('')} must be an object`);
  learnSettings(settings);
  for (const field of Object.keys(settings)) {
    const why = NOT_BUILT.get(field);
    if (why !== undefined) throw new HarnessError('NOT_BUILT', `${place(field)} is not built yet: ${why}`);
  }
  const parsed = settingsSchema.safeParse(settings);
  if (parsed.success) return parsed.data;
  throw new HarnessError('BAD_CONFIG', sentenceOf(parsed.error.issues, place));
}

function sentenceOf(issues: readonly z.core.$ZodIssue[], place: (field: string) => string): string {
  const [first] = issues;
  if (first === undefined) return `${place('')} is wrong`;
  if (first.code === 'unrecognized_keys') {
    const key = first.keys[0] ?? '';
    return `${place(key)}: there is no such field${didYouMean(key, Object.keys(settingsSchema.shape))}`;
  }
  return `${place(first.path.join('.'))} ${issueWords(first)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
