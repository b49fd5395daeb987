import { basename, extname, resolve } from 'node:path';
import type { Settings } from './config-schema.js';
import type { ContainerSpec, Role, RunOptions, Target, Waiver } from './contract.js';
import { HarnessError } from './errors.js';
import { findProtocol, protocolOfScheme } from './protocol.js';
import { freshSeed } from './random.js';
import { readScenarioFile } from './session/scenario-file.js';

/** A run that names no protocol is one on WebSocket. */
const DEFAULT_PROTOCOL = 'websocket';
/** The checklist wants a server gone within 60 s of its stop signal. */
const DEFAULT_GRACE_S = 60;

/** Settings as the contract's target. `folder` is what relative paths of the settings start from. */
export function toTarget(settings: Settings, name: string | undefined, folder: string): Target {
  const url = settings.url === undefined ? undefined : parseTargetUrl(settings.url, settings.protocol);
  if (url && settings.server !== undefined) {
    throw new HarnessError('TWO_SERVERS', `both a URL (${settings.url}) and --server were given: give one of them`);
  }
  if (!url && settings.server === undefined && settings.client === undefined) {
    const which = name === undefined ? 'nothing to check' : `target ${name} has nothing to check`;
    throw new HarnessError('NO_TARGET', `${which}: give a URL, --server CMD or --client CMD`);
  }
  // `websocket/mqtt`: the subprotocol that our own sessions offer.
  const [named, subprotocol] = (settings.protocol ?? '').split('/', 2);
  const protocol = named || (url ? protocolOf(url) : DEFAULT_PROTOCOL);
  const known = findProtocol(protocol);
  if (url && known && !known.schemes.includes(url.protocol.replace(/:$/, ''))) {
    throw new HarnessError('BAD_PROTOCOL', `a ${url.protocol}// URL does not go with --protocol ${protocol}`);
  }
  const hasServer = url !== undefined || settings.server !== undefined;
  const roles: Role[] = [
    ...(hasServer ? (['server'] as const) : []),
    ...(settings.client ? (['client'] as const) : []),
  ];
  return {
    name: name ?? adHocName(settings),
    protocol,
    roles,
    ...(hasServer ? { server: serverOf(settings, url) } : {}),
    ...(settings.client === undefined
      ? {}
      : {
          client: {
            command: settings.client,
            pressureEnv: settings.pressureEnv ?? {},
            ...defined({ listen: settings.listen }),
          },
        }),
    path: settings.path ?? (url ? `${url.pathname}${url.search}` : '/'),
    ...defined({
      subprotocol,
      subscribe: settings.subscribe,
      resume: settings.resume ?? known?.resume,
      auth: settings.auth,
      badAuth: settings.badAuth,
      sequence: settings.sequence,
      proto: settings.proto === undefined ? undefined : resolve(folder, settings.proto),
      method: settings.method,
      command: settings.command,
      budgets: settings.budgets,
      replay: replayOf(settings, folder, protocol),
      caFile: settings.ca === undefined ? undefined : resolve(folder, settings.ca),
      clientCertificate: settings.clientCertificate && {
        certFile: resolve(folder, settings.clientCertificate.cert),
        keyFile: resolve(folder, settings.clientCertificate.key),
      },
    }),
    delivery: settings.delivery ?? 'reliable',
    expect: settings.expect ?? {},
    severity: settings.severity ?? {},
    known: knownOf(settings, protocol),
    env: settings.env ?? {},
    cwd: resolve(folder, settings.cwd ?? '.'),
    insecure: settings.insecure ?? false,
  };
}

function replayOf({ replay }: Settings, folder: string, protocol: string): Target['replay'] {
  if (replay === undefined) return undefined;
  const file = readScenarioFile(resolve(folder, replay));
  if (file.protocol === protocol) return file;
  throw new HarnessError('BAD_SCENARIO', `${replay} was done over ${file.protocol}, and the target speaks ${protocol}`);
}

function serverOf(settings: Settings, url: URL | undefined): NonNullable<Target['server']> {
  const { server } = settings;
  const image = typeof server === 'object' ? server : undefined;
  return {
    ...defined({
      command: image ? ['docker run', image.image, ...(image.command ?? [])].join(' ') : (server as string | undefined),
      url: url?.href,
      container: image && containerOf(image),
      port: settings.port,
      readyLog: image?.ready?.log ?? settings.readyLog,
      readyUrl: image?.ready?.url ?? settings.readyUrl,
      healthUrl: settings.healthUrl,
      metricsUrl: settings.metricsUrl,
    }),
    stopSignal: image?.stop?.signal ?? settings.stopSignal ?? 'SIGTERM',
    graceMs: (image?.stop?.grace ?? settings.grace ?? DEFAULT_GRACE_S) * 1000,
    serialCopies: settings.serialCopies ?? false,
    quietEnv: settings.quietEnv ?? {},
    pressureEnv: settings.pressureEnv ?? {},
  };
}

type Image = Exclude<NonNullable<Settings['server']>, string>;

function containerOf({ image, command, port, env = {}, stop }: Image): ContainerSpec {
  return { image, port, env, ...defined({ command, stopSignal: stop?.signal }) };
}

export function toRunOptions(settings: Settings, protocol: string, replay?: Target['replay']): RunOptions {
  const full = (ids: readonly string[] = []) => ids.map((id) => fullId(id, protocol));
  return {
    seed: settings.seed ?? replay?.seed ?? freshSeed(),
    scale: settings.scale ?? 1,
    copies: settings.copies ?? 8,
    clients: settings.clients ?? 200,
    long: settings.long ?? false,
    ...defined({ idleS: settings.idle }),
    engine: settings.engine ?? 'auto',
    only: full(settings.only),
    skip: full(settings.skip),
  };
}

export function knownOf(settings: Settings, protocol: string): Waiver[] {
  return (settings.known ?? []).map(({ check, ...more }) => ({ check: fullId(check, protocol), ...more }));
}

/** An id may be given without its protocol. */
function fullId(id: string, protocol: string): string {
  return id.includes('/') ? id : `${protocol}/${id}`;
}

/** A URL that names a running server. */
export function parseTargetUrl(text: string, protocol?: string): URL {
  if (!URL.canParse(text)) throw new HarnessError('BAD_URL', `"${text}" is not a URL`);
  const given = new URL(text);
  const alias = findProtocol(protocol ?? '')?.aliases?.[given.protocol.replace(/:$/, '')];
  const url = alias === undefined ? given : new URL(text.replace(/^\w+(?=:)/, alias));
  protocolOf(url);
  return url;
}

function protocolOf(url: URL): string {
  const protocol = protocolOfScheme(url.protocol);
  if (protocol === undefined) {
    throw new HarnessError(
      'BAD_URL',
      `${url.href}: no protocol has the scheme ${url.protocol}// (use ws://, wss://, http://, https://, grpc:// or grpcs://)`,
    );
  }
  return protocol.id;
}

const LAUNCHERS = new Set(
  'bun bunx cargo cmd deno dotnet env exec go java node npm npx pnpm poetry php python python3 ruby run sh bash start tsx ts-node uv yarn'.split(
    ' ',
  ),
);

/** `server` of `node dist/server.js --port {port}`; `localhost-8080` of a URL (no colon: it names a folder). */
function adHocName(settings: Settings): string {
  const url = settings.url === undefined ? [] : [parseTargetUrl(settings.url).host];
  const { server } = settings;
  const started = typeof server === 'object' ? server.image : server;
  const commands = [started, settings.client].filter((command) => command !== undefined).map(programOf);
  const name = [...url, ...commands]
    .join('-')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return name === '' ? 'target' : name.slice(0, 60);
}

function programOf(command: string): string {
  const words = command.replaceAll(/["']/g, '').split(/\s+/);
  // What follows -e or -c is a program's text, not its name.
  const isInline = words.some((word) => /^(-e|-c|-p|--eval|--print)$/.test(word));
  const names = words.filter((word) => !word.startsWith('-') && !/^\w+=/.test(word));
  const word = (isInline ? undefined : names.find((name) => !LAUNCHERS.has(basename(name)))) ?? names[0] ?? 'target';
  return basename(word, extname(word));
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The same without what is undefined. */
function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
