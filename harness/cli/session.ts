import { statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadCatalog } from '../catalog.js';
import type { Settings } from '../config-schema.js';
import type { Run } from '../contract.js';
import { HarnessError } from '../errors.js';
import { findProtocol } from '../protocol.js';
import { openRun } from '../saved-run.js';
import { serveSession } from '../session/api.js';
import { exportSession } from '../session/export.js';
import { clientUrl, type LiveSession, openSession } from '../session/live-session.js';
import { runPrompt, untilAborted, verdictsOf } from '../session/prompt.js';
import { toRunOptions, toTarget } from '../settings.js';
import { type Chosen, chooseTarget, refuseUnknownProtocol, refuseUnreadablePems } from './check.js';
import { exitCodeOf } from './exit.js';
import { CONFIG_FLAG, settingsOfFlags } from './flags.js';
import { refuseUnfitUrls } from './loopback.js';
import { print } from './output.js';

interface Flags {
  readonly upstream?: string;
  readonly listen?: string;
  readonly protocol?: string;
  readonly web: boolean;
  readonly recordPayloads?: boolean;
  readonly config?: string;
}

const DEFAULT_PROTOCOL = 'websocket';

export function addSession(program: Command, finish: (code: number) => void, signal: AbortSignal): void {
  const command = program
    .command('session')
    .summary('faults by hand, on a live page or from the terminal')
    .description(
      'Puts the path in front of a running server, or starts a target of the config, and lets you disturb it by hand: on a page of this machine, or by lines. Everything is recorded as a run.',
    )
    .argument('[target]', 'a target of the config, in place of --upstream')
    .option('--upstream <host:port>', 'a server that is running; clients go to the address that is printed')
    .option('--listen <port>', 'a fixed port for clients to go to')
    .option('--protocol <p>', 'websocket (default), sse or grpc')
    .option('--no-web', 'no page: faults by lines, from the terminal or from a script (help tells which)')
    .option('--record-payloads', 'keep what passes in payloads.jsonl; otherwise only sizes and hashes are kept')
    .option(...CONFIG_FLAG)
    .action(async (target: string | undefined, flags: Flags) => finish(await session(target, flags, signal)));
  command
    .command('export')
    .summary('turn a saved session into a scenario')
    .description('Writes what was done in a session as a scenario file, and says how a target of a config repeats it.')
    .argument('<run>', 'the folder of a saved session, as results/localhost-8080/latest')
    .action((given: string) => writeScenario(given));
}

async function session(given: string | undefined, flags: Flags, signal: AbortSignal): Promise<number> {
  const chosen = await choose(given, flags);
  const { settings } = chosen;
  const target = toTarget(settings, chosen.name, chosen.folder);
  refuseUnknownProtocol(target.protocol, loadCatalog());
  refuseUnreadablePems(target);
  await refuseUnfitUrls(target.server, settings.iOwnThisTarget ?? false);
  if (!target.server)
    throw new HarnessError(
      'NO_SERVER',
      `a session needs a server: give --upstream HOST:PORT or a target with a server`,
    );
  const options = toRunOptions(settings, target.protocol);
  const end = new AbortController();
  const open = await openSession({
    // Whoever comes is a client, also where none of ours is started.
    target: { ...target, roles: ['server', 'client'] },
    options,
    resultsDir: resolve(settings.results ?? 'results'),
    ...(settings.listen === undefined ? {} : { listen: settings.listen }),
    recordPayloads: flags.recordPayloads ?? false,
    signal,
  });
  try {
    await print(`session with ${target.name}, seed ${options.seed}\nclients go to ${clientUrl(open)}\n`);
    if (flags.web) await onPage(open, AbortSignal.any([signal, end.signal]), () => end.abort());
    else await runPrompt(open, { input: process.stdin, output: process.stdout, errors: process.stderr }, signal);
  } finally {
    await tellEnd(await open.finish(), open.directory);
  }
  if (signal.aborted) throw new HarnessError('INTERRUPTED', 'interrupted; everything is healed and saved');
  return exitCodeOf(await open.finish(), {});
}

async function onPage(open: LiveSession, signal: AbortSignal, onEnd: () => void): Promise<void> {
  await using api = await serveSession(open, onEnd);
  await print(`the page is ${api.url}\nCtrl-C heals, saves and ends\n`);
  await untilAborted(signal);
}

async function tellEnd({ verdicts }: Run, directory: string): Promise<void> {
  await print(`${verdictsOf(verdicts)}\nsaved in ${directory}\nas a scenario: holdfast session export ${directory}\n`);
}

/** A running server by its address, or a target of the config. */
async function choose(given: string | undefined, { upstream, listen, protocol, config }: Flags): Promise<Chosen> {
  const words = settingsOfFlags({
    ...(listen === undefined ? {} : { listen }),
    ...(protocol === undefined ? {} : { protocol }),
  });
  if (upstream === undefined) {
    if (given === undefined && config === undefined) {
      throw new HarnessError(
        'NO_TARGET',
        'no server to put the path in front of: give --upstream HOST:PORT or a target of the config',
      );
    }
    return chooseTarget(given, words, config);
  }
  if (given !== undefined)
    throw new HarnessError(
      'TWO_SERVERS',
      `both --upstream ${upstream} and the target ${given} were given: give one of them`,
    );
  return { name: undefined, settings: { ...words, url: urlOf(upstream, words) }, folder: process.cwd() };
}

function urlOf(upstream: string, { protocol = DEFAULT_PROTOCOL }: Settings): string {
  if (!/^(\[[0-9a-f:]+\]|[\w.-]+):\d{1,5}$/i.test(upstream)) {
    throw new HarnessError('BAD_UPSTREAM', `--upstream must be HOST:PORT, not "${upstream}"`);
  }
  const scheme = findProtocol(protocol.split('/')[0] ?? '')?.schemes[0] ?? 'ws';
  return `${scheme}://${upstream}/`;
}

async function writeScenario(given: string): Promise<void> {
  const scenario = await exportSession(openRun(given));
  const file = freeName();
  writeFileSync(file, `${JSON.stringify(scenario, null, 2)}\n`);
  const only = scenario.judged.length === 0 ? '' : `, only: [${scenario.judged.map((id) => `'${id}'`).join(', ')}]`;
  await print(
    `wrote ${file}: ${scenario.steps.length} steps in ${Math.round(scenario.lengthMs / 1000)} s\n` +
      `a target of holdfast.config repeats it, for holdfast check and for jest:\n` +
      `  again: { server: '…', client: '…', protocol: '${scenario.protocol}', replay: './${file}'${only} }\n` +
      `  holdfast check again        resilience('again', 'again')\n`,
  );
}

/** Never over something that is there. */
function freeName(): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? 'session.scenario.json' : `session-${n}.scenario.json`;
    if (!statSync(join(process.cwd(), name), { throwIfNoEntry: false })) return name;
  }
}
