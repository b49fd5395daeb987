import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { HarnessError, messageOf } from '../errors.js';
import { freshSeed } from '../random.js';
import { COMPATIBLE_VERSION } from '../toxiproxy/api.js';
import { startEmbedded } from '../toxiproxy/embedded.js';
import { print } from './output.js';

/** Where every client looks for it. */
const TOXIPROXY_PORT = 8474;

interface Flags {
  readonly port: string;
  readonly config?: string;
  readonly seed?: string;
}

/** A Toxiproxy server for any client in any language, in the foreground: a signal ends it, and that is no failure. */
export function addProxy(program: Command, signal: AbortSignal): void {
  program
    .command('proxy')
    .summary('a Toxiproxy server on its own, for any Toxiproxy client')
    .description(
      `Serves the HTTP API of Toxiproxy ${COMPATIBLE_VERSION} on 127.0.0.1 until Ctrl-C. What it does better: docs/toxiproxy.md.`,
    )
    .option('--port <n>', 'port of the HTTP API; 0 takes a free one', String(TOXIPROXY_PORT))
    .option(
      '--config <file>',
      'proxies to begin with: the JSON array of /populate, as toxiproxy-server -config takes it',
    )
    .option('--seed <n>', 'repeat the random choices of this seed (a fresh one is printed otherwise)')
    .action((flags: Flags) => serve(flags, signal));
}

async function serve({ port, config, seed }: Flags, signal: AbortSignal): Promise<void> {
  const options = {
    port: whole('--port', port, 65_535),
    seed: seed === undefined ? freshSeed() : whole('--seed', seed, Number.MAX_SAFE_INTEGER),
  };
  await using server = await start(options, config);
  await print(`Toxiproxy API ${COMPATIBLE_VERSION} on ${server.url}, seed ${options.seed}; Ctrl-C ends it\n`);
  if (!signal.aborted) await once(signal, 'abort');
}

async function start(options: { readonly port: number; readonly seed: number }, config: string | undefined) {
  const populate = config === undefined ? {} : { populate: read(config) };
  try {
    return await startEmbedded({ ...options, ...populate });
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    const more = error.code === 'TOXIPROXY_LISTEN' ? ': name another port with --port' : ` (--config ${config})`;
    throw new HarnessError(error.code, error.message + more, { cause: error });
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new HarnessError('TOXIPROXY_CONFIG', `cannot read --config ${file}: ${messageOf(cause)}`, { cause });
  }
}

function whole(flag: string, text: string, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number <= most) return number;
  throw new HarnessError('USAGE', `${flag} must be a whole number from 0 to ${most}, not "${text}"`);
}
