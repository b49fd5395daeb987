import type { TargetSettings } from '../config-schema.js';
import { HarnessError } from '../errors.js';

/** `--ready-log` of `readyLog`. */
export function flagName(word: string): string {
  return `--${word.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Settings as written in a config, as arguments of `holdfast check`; `env` and `cwd` are the caller's to apply. */
export function flagsOfSettings(settings: TargetSettings): string[] {
  for (const word of ['expect', 'severity', 'budgets', 'known', 'command', 'replay', 'clientCertificate'] as const) {
    if (settings[word] === undefined) continue;
    throw new HarnessError(
      'CONFIG_ONLY',
      `"${word}" belongs in a holdfast.config: write the target there and name it here`,
    );
  }
  if (typeof settings.server === 'object') {
    throw new HarnessError('CONFIG_ONLY', 'a server that is an image belongs in a holdfast.config: name it here');
  }
  return Object.entries(settings)
    .filter(([word, value]) => value !== undefined && value !== false && !['url', 'env', 'cwd'].includes(word))
    .map(([word, value]) => (value === true ? flagName(word) : `${flagName(word)}=${flagText(word, value)}`));
}

function flagText(word: string, value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value !== 'object' || value === null) return String(value);
  if (!ENVIRONMENTS.has(word)) return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, text]) => `${name}=${text}`)
    .join(',');
}

const ENVIRONMENTS = new Set(['quietEnv', 'pressureEnv']);
