import { HarnessError } from '../errors.js';
import { findProgram, isRequired } from '../programs.js';
import { type Engine, openPrivate, openUrl } from './engine.js';
import { startEmbeddedProcess, startRealServer } from './server-process.js';

const BINARY = 'toxiproxy-server';

/**
 * `auto`: the server of TOXIPROXY_URL, else `toxiproxy-server` on the PATH as a private process, else the embedded one as a
 * process of its own. A URL is used as it is; the others insist.
 */
export async function openEngine(choice: string, seed: number): Promise<Engine> {
  if (/^https?:\/\//.test(choice)) return openUrl(choice);
  if (choice === 'embedded') return openPrivate('embedded', () => startEmbeddedProcess(seed));
  if (choice !== 'auto' && choice !== 'toxiproxy') {
    throw new HarnessError('ENGINE', `--engine ${choice} is none of auto, toxiproxy, embedded or a URL`);
  }
  const url = process.env.TOXIPROXY_URL;
  if (url) return openUrl(url);
  const binary = findRealServer();
  if (binary) return openPrivate('toxiproxy', () => startRealServer(binary));
  const required = isRequired('toxiproxy');
  if (choice === 'toxiproxy' || required) {
    const why = required ? ' and HOLDFAST_REQUIRE asks for one' : '';
    throw new HarnessError('ENGINE', `there is no ${BINARY} on the PATH and no TOXIPROXY_URL${why}: install one`);
  }
  return openPrivate('embedded', () => startEmbeddedProcess(seed));
}

/** The path of the real server's program, if this machine has it. */
export function findRealServer(): string | undefined {
  return findProgram(BINARY);
}
