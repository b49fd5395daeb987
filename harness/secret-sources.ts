import type { Slot, Target } from './contract.js';
import { isCredentialLike, isSecretName, keepSecret, REDACTED, withoutSecrets } from './secrets.js';

/** Where a value of the settings, of the command line or of the environment is a secret: learnt before anything can fail over it. */

/** Words of a config by what may be secret in them. */
const KINDS: Readonly<Record<string, (value: unknown) => void>> = {
  auth: learnCredential,
  badAuth: learnWrongCredential,
  subscribe: learnSlot,
  resume: learnSlot,
  command: learnSlot,
  url: learnText,
  path: learnText,
  engine: learnText,
  readyUrl: learnText,
  healthUrl: learnText,
  metricsUrl: learnText,
  server: learnText,
  client: learnText,
  env: learnVariables,
  quietEnv: learnVariables,
  pressureEnv: learnVariables,
};
/** Headers that let a client in and are no credential. */
const PUBLIC_HEADER = /^(?:origin|referer|user-agent|host|accept.*|sec-websocket-protocol|content-type)$/i;
/** Fields of a login that say what it is. */
const PUBLIC_FIELD = /^(?:type|event|op|action|method|cmd|command|kind|id|version|channel|topic|user(?:name)?|login)$/i;

/** Of a target as somebody wrote it, right or wrong. */
export function learnSettings(settings: unknown): void {
  if (!isRecord(settings)) return;
  for (const [name, value] of Object.entries(settings)) if (Object.hasOwn(KINDS, name)) KINDS[name]?.(value);
}

/** Of what was typed: it may be refused, and quoted, before it is understood. */
export function learnArguments(args: readonly string[]): void {
  for (const [i, arg] of args.entries()) {
    const [, flag, joined] = /^--([a-z-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    const name = flag?.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (name !== undefined) KINDS[name]?.(joined ?? args[i + 1]);
    // The value of a flag is learnt with it.
    else if (!args[i - 1]?.startsWith('--')) learnText(arg);
  }
}

/** Of our own environment: what we start inherits it, and may print it. */
export function learnEnvironment(environment: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    learnUrls(value);
    // PWD, SSH_AUTH_SOCK and the like are paths.
    if (isSecretName(name) && !/^[/~.]|^(?:true|false|yes|no|none)$/i.test(value) && value.length >= 6)
      keepSecret(value);
  }
}

/** A login: all that it holds. */
function learnCredential(value: unknown): void {
  const json = typeof value === 'string' ? jsonOf(value) : value;
  if (typeof value !== 'string' || json !== undefined) learnLeaves(json);
  else if (value !== 'none') learnLogin(value);
}

/** What is made up to be refused is often a word, which may stand anywhere; it is hidden where it is declared. */
function learnWrongCredential(value: unknown): void {
  if (!/(?:^|[=\s"])[a-z]{1,12}"?\}?$/i.test(typeof value === 'string' ? value : JSON.stringify(value ?? '')))
    learnCredential(value);
}

/** A query, a header, or what should have been one of these. */
function learnLogin(text: string): void {
  const query = /^\?[^=&]+=(.*)$/s.exec(text)?.[1];
  const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):\s*(.*)$/s.exec(text) ?? [];
  if (query !== undefined) keepEncoded(query);
  else if (name === undefined || value === undefined) keepEncoded(text);
  else if (!PUBLIC_HEADER.test(name)) learnHeader(name, value);
}

function learnHeader(name: string, text: string): void {
  keepSecret(text);
  const [, scheme, rest] = /^([A-Za-z][\w-]*)\s+(\S.*)$/.exec(text) ?? [];
  if (rest !== undefined) {
    keepSecret(rest);
    const password = scheme?.toLowerCase() === 'basic' ? /^[^:]*:(.*)$/s.exec(decoded(rest))?.[1] : undefined;
    if (password !== undefined) keepSecret(password);
  }
  if (/cookie$/i.test(name)) for (const pair of text.split(';')) keepSecret(pair.slice(pair.indexOf('=') + 1));
}

/** A login as JSON: what is named as a secret or looks like one; where nothing does, all that it says. */
function learnLeaves(json: unknown): void {
  const leaves = leavesOf(json).filter(([name]) => !PUBLIC_FIELD.test(name));
  const named = leaves.filter(([name, text]) => isSecretName(name) || isCredentialLike(text));
  for (const [, text] of named.length > 0 ? named : leaves) keepSecret(text);
}

/** Something that is sent first, and may hold a login. */
function learnSlot(value: unknown): void {
  const json = typeof value === 'string' ? jsonOf(value) : value;
  if (json === undefined) {
    const [, name, text] = typeof value === 'string' ? (/^\??([^=:]+)(?:=|:\s*)(.*)$/s.exec(value) ?? []) : [];
    if (name !== undefined && text !== undefined && (isSecretName(name) || isCredentialLike(text))) {
      keepEncoded(text);
      learnHeader(name, text);
    }
    return;
  }
  for (const [name, text] of leavesOf(json)) if (isSecretName(name) || isCredentialLike(text)) keepSecret(text);
}

function learnVariables(value: unknown): void {
  const pairs =
    typeof value === 'string'
      ? value
          .split(/,(?=[A-Za-z_]\w*=)/)
          .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])
      : isRecord(value)
        ? Object.entries(value).map(([name, text]) => [name, String(text)])
        : [];
  for (const [name = '', text = ''] of pairs) {
    learnUrls(text);
    if (isSecretName(name) || isCredentialLike(text)) keepSecret(text);
  }
}

/** A command, a URL or a path: `NAME=value`, `--name value`, and what a URL holds. */
function learnText(value: unknown): void {
  if (typeof value !== 'string') return;
  learnUrls(value);
  const words = value.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  words.forEach((word, i) => {
    const plain = word.replace(/["']/g, '');
    const [, flag, joined] = /^(?:--?)?([\w-]+)(?:=(.*))?$/s.exec(plain) ?? [];
    const text = joined ?? (plain.startsWith('-') ? words[i + 1]?.replace(/["']/g, '') : undefined);
    if (flag !== undefined && text !== undefined && !text.startsWith('-') && isSecretName(flag)) keepSecret(text);
    for (const [, name = '', held = ''] of plain.matchAll(/[?&]([^=&#]+)=([^&#]*)/g)) {
      if (isSecretName(name) || isCredentialLike(held)) keepEncoded(held);
    }
    for (const part of plain.split(/[\s/?&=:]+/)) if (isCredentialLike(part)) keepSecret(part);
  });
}

function learnUrls(text: string): void {
  for (const [, user = '', password = ''] of text.matchAll(/[a-z][a-z\d+.-]{0,20}:\/\/([^\s/:@'"]*):([^\s/@'"]*)@/gi)) {
    keepEncoded(password);
    keepSecret(Buffer.from(`${user}:${password}`).toString('base64'));
  }
}

function keepEncoded(text: string): void {
  keepSecret(text);
  try {
    keepSecret(decodeURIComponent(text));
  } catch {
    // It is none of a URL's.
  }
}

/** The target as a saved run may show it: logins are hidden whole, however short. */
export function publicTarget(target: Target): Target {
  const { auth, badAuth } = target;
  return withoutSecrets({
    ...target,
    ...(auth === undefined ? {} : { auth: hidden(auth) }),
    ...(badAuth === undefined ? {} : { badAuth: hidden(badAuth) }),
  });
}

function hidden(slot: Slot): Slot {
  if (slot.in === 'none') return slot;
  if (slot.in === 'message') return { in: 'message', text: REDACTED };
  return slot.in === 'header' && PUBLIC_HEADER.test(slot.name) ? slot : { ...slot, value: REDACTED };
}

function leavesOf(value: unknown, name = ''): [string, string][] {
  if (typeof value === 'string' || typeof value === 'number') return [[name, String(value)]];
  if (Array.isArray(value)) return value.flatMap((item) => leavesOf(item, name));
  return isRecord(value) ? Object.entries(value).flatMap(([key, member]) => leavesOf(member, key)) : [];
}

/** A packet of Socket.IO is JSON behind digits. */
function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text.replace(/^\d+(?=[[{])/, ''));
    return typeof value === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
