import { fstatSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { HarnessError, messageOf } from '../errors.js';
import { freshSeed } from '../random.js';
import { type EmbeddedOptions, startEmbedded } from './embedded.js';

/**
 * The embedded server as a process of its own: `node serve.js --port 0 --seed 42`. Says where it is in one line of JSON, on
 * stdout and to a parent's IPC channel, and ends with its parent: when that channel, or a pipe on stdin, closes.
 */
export interface ServeMessage {
  readonly url: string;
  readonly seed: number;
  readonly pid: number;
}

function optionsFrom(args: readonly string[]): EmbeddedOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8474' },
      seed: { type: 'string' },
      config: { type: 'string' },
      strict: { type: 'boolean', default: false },
      'proxy-metrics': { type: 'boolean', default: false },
      'compatible-buffer': { type: 'boolean', default: false },
    },
  });
  const seed = values.seed === undefined ? freshSeed() : Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new HarnessError('USAGE', `--seed ${values.seed} is not an integer`);
  return {
    host: values.host,
    port: Number(values.port),
    seed,
    strict: values.strict,
    proxyMetrics: values['proxy-metrics'],
    ...(values['compatible-buffer'] ? { bufferBytes: 'compatible' as const } : {}),
    ...(values.config === undefined ? {} : { populate: readFileSync(values.config, 'utf8') }),
  };
}

function endWithParent(stop: () => void): void {
  if (process.connected) {
    process.on('disconnect', stop);
    return;
  }
  const stdin = fstatSync(0);
  if (stdin.isFIFO() || stdin.isSocket()) process.stdin.on('end', stop).on('error', stop).resume();
}

async function serve(): Promise<void> {
  const options = optionsFrom(process.argv.slice(2));
  const server = await startEmbedded(options);
  const stop = () => {
    void server.close().finally(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  endWithParent(stop);
  const message: ServeMessage = { url: server.url, seed: options.seed, pid: process.pid };
  process.stdout.write(`${JSON.stringify(message)}\n`);
  process.send?.(message);
}

if (require.main === module) {
  serve().catch((error) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(3);
  });
}
