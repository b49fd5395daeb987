import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Catalog, loadCatalog } from '../catalog.js';
import { loadConfig } from '../config.js';
import type { Settings } from '../config-schema.js';
import type { Run, Target } from '../contract.js';
import { HarnessError, messageOf } from '../errors.js';
import { eventsOf } from '../history.js';
import { readLimits, shortages } from '../limits.js';
import { makePlan, type Plan } from '../plan.js';
import { protocolNamed } from '../protocol.js';
import { performRuns } from '../repeat.js';
import { renderJson } from '../reporters/json.js';
import { printable } from '../reporters/printable.js';
import { createProgress, type ProgressDisplay } from '../reporters/progress.js';
import { DEFAULT_REPORTERS } from '../reporters/registry.js';
import { renderTerminal } from '../reporters/terminal.js';
import { writeReports } from '../reporters/write.js';
import { writeResultsIndex } from '../results-index.js';
import { performRun, type RunSettings } from '../run.js';
import { redact } from '../secrets.js';
import { toRunOptions, toTarget } from '../settings.js';
import { announcementOf } from './announcement.js';
import { EXIT_CODES_HELP, exitCodeOf, exitSentence, type Gating } from './exit.js';
import { addCheckFlags, CONFIG_FLAG, settingsOfFlags } from './flags.js';
import { addToStepSummary, annotationsOf, withoutCommands } from './github.js';
import { leftovers, toldOf } from './leftovers.js';
import { refuseUnfitUrls } from './loopback.js';
import { didYouMean } from './nearest.js';
import { displayOf, print } from './output.js';
import { replayCommand, withoutFlag } from './shell.js';

export function addCheck(program: Command, finish: (code: number) => void, signal: AbortSignal): void {
  const command = program
    .command('check')
    .summary('disturb a target and judge what it does')
    .description('Puts Toxiproxy between clients and servers, disturbs them, and judges what they do.')
    .argument('[target]', 'a target of the config, or the ws(s):// or http(s):// URL of a running server');
  addCheckFlags(command)
    .option(...CONFIG_FLAG)
    .option('--json', 'print run.json on stdout and nothing else')
    .addHelpText('after', EXIT_CODES_HELP)
    .action(async (target: string | undefined, flags: Readonly<Record<string, unknown>>) => {
      finish(await check(target, flags, signal));
    });
}

async function check(
  given: string | undefined,
  flags: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<number> {
  const { config, json, ...words } = flags;
  const chosen = await chooseTarget(given, settingsOfFlags(words), typeof config === 'string' ? config : undefined);
  const { settings } = chosen;
  const target = toTarget(settings, chosen.name, chosen.folder);
  const options = toRunOptions(settings, target.protocol, target.replay);
  const catalog = loadCatalog();
  refuseUnknownProtocol(target.protocol, catalog);
  for (const id of [...options.only, ...options.skip]) refuseUnknownCheck(id, target.protocol, catalog);
  refuseUnreadablePems(target);
  protocolNamed(target.protocol).validate?.(target);
  const foreign = await refuseUnfitUrls(target.server, settings.iOwnThisTarget ?? false);
  const planOf = (seed: number) => makePlan(target, { ...options, seed }, catalog);
  const plan = planOf(options.seed);
  if (signal.aborted) throw new HarnessError('INTERRUPTED', 'interrupted before anything was started');

  const display = displayOf(process.stderr);
  const reporters = settings.reporter ?? DEFAULT_REPORTERS;
  const silent = json === true;
  const typed = process.argv.slice(2);
  const times = settings.repeat ?? 1;
  const usual = {
    resultsDir: resolve(settings.results ?? 'results'),
    replay: redact(replayCommand(typed, options.seed)),
    signal,
  };
  const say = (text: string) => (silent ? undefined : process.stderr.write(`${redact(text)}\n`));
  const progressOf = (one: Plan) => (silent ? undefined : createProgress(one, display));
  // Of somewhere else it is said whatever else is silent: others may notice.
  if (target.server?.url !== undefined && (foreign || !silent)) {
    process.stderr.write(`${announcementOf(plan, foreign)}\n`);
  }
  for (const shortage of shortages(plan, readLimits())) say(shortage);
  const left = toldOf(await leftovers(undefined));
  if (left !== '') say(`a former run that was killed left ${left} behind: holdfast doctor --clean removes that`);
  say(`checking ${target.name}, seed ${options.seed}${times > 1 ? `, ${times} times` : ''}`);
  const { run, directory, events } = await (times === 1
    ? withProgress(progressOf(plan), (onProgress) => performRun(plan, { ...usual, onProgress }))
    : performRuns({
        ...usual,
        times,
        seed: options.seed,
        planOf,
        replayOf: (seed) => replayCommand(withoutFlag(typed, '--repeat'), seed),
        async onRun(n, one, work) {
          say(`run ${n} of ${times}, seed ${one.options.seed}`);
          const finished = await withProgress(progressOf(one), work);
          await writeReports(reporters, finished.run, finished.directory, async () => eventsOf(finished.events));
          return finished;
        },
      }));
  // What was found is told before anything can go wrong with its reports.
  if (silent) await print(renderJson(run));
  else if (reporters.includes('terminal')) await printTable(run, directory, settings);
  const written = await writeReports(reporters, run, directory, async () => eventsOf(events));
  writeResultsIndex(usual.resultsDir);
  addToStepSummary(written, process.env);
  const page = written.find(({ name }) => name === 'html');
  if (page && !silent) await print(`open   ${printable(relative(process.cwd(), page.path))}\n`);
  if (!silent) await print(annotationsOf(run, settings, process.env));
  if (signal.aborted) throw new HarnessError('INTERRUPTED', `interrupted; what was seen is in ${directory}`);
  return exitCodeOf(run, settings);
}

export async function printTable(run: Run, directory: string, gating: Gating): Promise<void> {
  const { columns, color } = displayOf(process.stdout);
  const table = renderTerminal(run, { columns, color, directory });
  await print(withoutCommands(table, process.env) + exitSentence(run, gating));
}

async function withProgress<T>(
  progress: ProgressDisplay | undefined,
  work: (onProgress: RunSettings['onProgress']) => Promise<T>,
): Promise<T> {
  try {
    return await work((step) => progress?.show(step));
  } finally {
    progress?.[Symbol.dispose]();
  }
}

export interface Chosen {
  readonly name: string | undefined;
  readonly settings: Settings;
  /** What relative paths start from. */
  readonly folder: string;
}

/** A URL, a command, or a target of the config; flags win over the config's words. */
export async function chooseTarget(
  given: string | undefined,
  flags: Settings,
  configPath: string | undefined,
): Promise<Chosen> {
  const here = process.cwd();
  if (given !== undefined && /^[a-z][a-z0-9+.-]*:\/\//i.test(given)) {
    return { name: undefined, settings: { ...flags, url: given }, folder: here };
  }
  const isAdHoc = given === undefined && (flags.server !== undefined || flags.client !== undefined);
  if (isAdHoc && configPath === undefined) return { name: undefined, settings: flags, folder: here };
  const config = await loadConfig(configPath, here);
  if (isAdHoc) return { name: undefined, settings: flags, folder: here };
  if (!config) {
    const asked = given === undefined ? 'nothing to check' : `no target "${given}": there is no holdfast.config here`;
    throw new HarnessError('NO_TARGET', `${asked}; give a URL, --server CMD, --client CMD or a target of a config`);
  }
  const names = [...config.targets.keys()];
  const name = given ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined) {
    throw new HarnessError(
      'NO_TARGET',
      `say which target of ${config.path} to check: ${names.join(', ') || 'it has none'}`,
    );
  }
  const settings = config.targets.get(name);
  if (!settings) {
    throw new HarnessError(
      'UNKNOWN_TARGET',
      `${config.path} has no target "${name}"${didYouMean(name, names)}; it has ${names.join(', ') || 'none'}`,
    );
  }
  return { name, settings: { ...settings, ...flags }, folder: config.folder };
}

/** Read again by each session; what is wrong with it is told once, before anything is started. */
export function refuseUnreadablePems({ caFile, clientCertificate: shown }: Target): void {
  refuseUnreadablePem(caFile, 'BAD_CA', 'CERTIFICATE', 'the authority --ca');
  refuseUnreadablePem(shown?.certFile, 'BAD_CLIENT_CERTIFICATE', 'CERTIFICATE', 'clientCertificate.cert');
  refuseUnreadablePem(shown?.keyFile, 'BAD_CLIENT_CERTIFICATE', 'PRIVATE KEY', 'clientCertificate.key');
}

function refuseUnreadablePem(file: string | undefined, code: string, what: string, name: string): void {
  if (file === undefined) return;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new HarnessError(code, `cannot read ${name} ${file}: ${messageOf(cause)}`, { cause });
  }
  if (!new RegExp(`-----BEGIN [A-Z ]*${what}-----`).test(text))
    throw new HarnessError(
      code,
      `${name} ${file} holds no ${what.toLowerCase()} in PEM form (-----BEGIN ${what}-----)`,
    );
}

export function refuseUnknownProtocol(protocol: string, { protocols }: Catalog): void {
  if (protocols.includes(protocol)) return;
  const planned = ['long-polling', 'webtransport', 'mqtt-ws'].includes(protocol);
  throw planned
    ? new HarnessError('NOT_BUILT', `--protocol ${protocol} is not built yet: there is ${protocols.join(', ')}`)
    : new HarnessError(
        'UNKNOWN_PROTOCOL',
        `there is no protocol "${protocol}"${didYouMean(protocol, protocols)}: there is ${protocols.join(', ')}`,
      );
}

/** Also of `explain`: a check is one of the catalog, or the nearest one is told. */
export function refuseUnknownCheck(id: string, protocol: string, { checks }: Catalog): void {
  if (checks.some((check) => check.id === id && id.startsWith(`${protocol}/`))) return;
  const ids = checks.map((check) => check.id).filter((known) => known.startsWith(`${protocol}/`));
  throw new HarnessError(
    'UNKNOWN_CHECK',
    `there is no check "${id}"${didYouMean(id, ids)}; holdfast list checks shows them all`,
  );
}
