/** `holdfast check` on a program of this folder, as proofs run it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Run } from '../harness/contract.js';

export type Protocol = keyof typeof PROGRAMS;
export type Role = 'server' | 'client';

const MAIN = join(__dirname, '../harness/cli/main.js');
/** What only a config may say of the bundled servers. */
const BUNDLED = join(__dirname, '../../targets/bundled.json');
/** The resilient programs of each protocol, and what is said of them and of all that are made from them. */
export const PROGRAMS = {
  websocket: {
    words: ['--path', '/feed'],
    server: {
      file: 'websocket-server.js',
      words: [
        ...['--resume', '?last={id}', '--quiet-env', 'QUIET=1', '--pressure-env', 'PRESSURE=1'],
        ...['bundled', '--config', BUNDLED],
        ...['--metrics-url', 'http://127.0.0.1:{port}/metrics'],
      ],
    },
    client: {
      file: 'websocket-client.js',
      words: ['--sequence', 'seq', '--resume', '?last={id}', '--pressure-env', 'PRESSURE=1'],
    },
  },
  sse: {
    words: ['--path', '/feed'],
    server: {
      file: 'sse-server.js',
      words: [
        ...['--quiet-env', 'QUIET=1', '--pressure-env', 'PRESSURE=1', 'bundled-sse', '--config', BUNDLED],
        ...['--metrics-url', 'http://127.0.0.1:{port}/metrics'],
      ],
    },
    client: { file: 'sse-client.js', words: [] },
  },
  grpc: {
    words: ['--proto', join(__dirname, 'feed.proto'), '--method', 'holdfast.feed.v1.Feed/Subscribe'],
    server: {
      file: 'grpc-server.js',
      words: [
        ...['--resume', '{"after":"{id}"}', '--quiet-env', 'QUIET=1', '--pressure-env', 'PRESSURE=1'],
        ...['bundled-grpc', '--config', BUNDLED],
        ...['--metrics-url', 'http://127.0.0.1:{port}/metrics'],
      ],
    },
    client: { file: 'grpc-client.js', words: ['--resume', '{"after":"{id}"}'] },
  },
} as const;
/** Windows of the proofs; the resilient pair also runs in its real ones. */
export const SCALE = '0.2';

/** How a program is named on the command line, with all that is said of it. */
export function command(protocol: Protocol, role: Role, file: string): string[] {
  return [`--${role}`, `"${process.execPath}" "${join(__dirname, file)}"`, ...PROGRAMS[protocol][role].words];
}

export function check(protocol: Protocol, words: readonly string[], results: string): Promise<Run> {
  const usual = ['--protocol', protocol, ...PROGRAMS[protocol].words, '--json', '--seed', '7', '--results', results];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, 'check', ...usual, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    // Interrupted, it heals and ends what it started.
    const interrupt = () => void child.kill('SIGINT');
    process.once('exit', interrupt);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('close', (code) => {
      process.off('exit', interrupt);
      try {
        resolve(JSON.parse(out) as Run);
      } catch {
        reject(new Error(`exit ${code}: ${err}`));
      }
    });
  });
}
