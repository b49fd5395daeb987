import { imageIsHere } from '../containers/runtime.js';
import { HarnessError } from '../errors.js';
import { findProgram, isRequired } from '../programs.js';
import { IMAGE, startDockerServer } from './docker.js';
import { type Engine, openPrivate, openUrl } from './engine.js';
import { startEmbeddedProcess, startRealServer } from './server-process.js';

const BINARY = 'toxiproxy-server';

/**
 * `auto`: the server of TOXIPROXY_URL, else `toxiproxy-server` on the PATH as a private process, else its image in a private
 * container where that is on this machine already, else the embedded one as a process of its own. A URL is used as it is; the
 * others insist.
 */
export async function openEngine(choice: string, seed: number): Promise<Engine> {
  if (/^https?:\/\//.test(choice)) return openUrl(choice);
  if (choice === 'embedded') return openPrivate('embedded', () => startEmbeddedProcess(seed));
  if (choice === 'docker') return openPrivate('docker', () => startDockerServer());
  if (choice !== 'auto' && choice !== 'toxiproxy') {
    throw new HarnessError('ENGINE', `--engine ${choice} is none of auto, toxiproxy, docker, embedded or a URL`);
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
  return openUnasked(seed);
}

async function openUnasked(seed: number): Promise<Engine> {
  const embedded = () => openPrivate('embedded', () => startEmbeddedProcess(seed));
  if (!(await imageIsHere(IMAGE))) return embedded();
  // Nobody asked for a container, so that one which cannot be used is no error.
  return openPrivate('docker', () => startDockerServer()).catch(embedded);
}

/** The path of the real server's program, if this machine has it. */
export function findRealServer(): string | undefined {
  return findProgram(BINARY);
}
