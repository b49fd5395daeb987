import { findRealServer } from '../harness/toxiproxy/find.js';
import { startEmbeddedProcess, startRealServer } from '../harness/toxiproxy/server-process.js';
import { interrupt, type Kind, whyNoSmallDisk } from './interruption.js';

const TIMEOUT_MS = 150_000;
const noDisk = whyNoSmallDisk();
const SAMPLE: readonly (readonly [Kind, number])[] = [
  ['SIGKILL of the harness', 2],
  ['SIGKILL of the harness and its reapers', 11],
  ['SIGKILL of a worker', 4],
  ['SIGKILL of Toxiproxy', 13],
  ['full disk', 15],
];

(process.platform === 'linux' ? test.concurrent : test.concurrent.skip).each(SAMPLE)(
  '%s, seed %i: nothing is left, and what was seen till then is whole and judged without a false alarm',
  async (kind, seed) => {
    if (kind === 'full disk' && noDisk !== undefined) return console.info(`skipped: ${noDisk}`);
    const binary = findRealServer();
    await using server = await (binary ? startRealServer(binary) : startEmbeddedProcess(seed));
    expect((await interrupt(kind, seed, server.url)).wrong).toEqual([]);
  },
  TIMEOUT_MS,
);
