import { type Command, Option } from 'commander';
import { parseSettings } from '../config.js';
import type { Settings } from '../config-schema.js';
import { DEFAULT_REPORTERS, reporterNames } from '../reporters/registry.js';
import { flagName } from './words.js';

interface Flag {
  readonly flags: string;
  readonly about: string;
}

export const REPORTERS_HELP = `${reporterNames().join(',')} (default ${DEFAULT_REPORTERS.join(',')})`;

/** DESIGN section 3, in its order. */
const CHECK_FLAGS: readonly Flag[] = [
  {
    flags: '--server <cmd>',
    about: 'command that starts the server; {port} and {host} are replaced, PORT and HOST set',
  },
  {
    flags: '--client <cmd>',
    about: 'command that starts the client; {url}, {host} and {port} are replaced, TARGET_URL set',
  },
  { flags: '--protocol <p>', about: 'websocket (default), websocket/NAME to offer that subprotocol, sse, or grpc' },
  { flags: '--path </feed>', about: 'path and query of the endpoint (default /, or that of the URL)' },
  { flags: '--proto <file>', about: 'gRPC: the .proto of the service (without it the server is asked by reflection)' },
  { flags: '--method <m>', about: 'gRPC: the method that is called, pkg.Service/Method' },
  { flags: '--port <n>', about: "the server's own fixed port" },
  { flags: '--listen <n>', about: 'a fixed port for the gate, for a client that has its own' },
  { flags: '--ready-log <re>', about: 'the server is ready when a line of its output matches' },
  { flags: '--ready-url <u>', about: 'the server is ready when this answers 2xx' },
  { flags: '--health-url <u>', about: 'where the server tells its health' },
  { flags: '--metrics-url <u>', about: 'where the server tells its metrics (Prometheus text)' },
  { flags: '--stop-signal <s>', about: 'what tells the server to stop (default SIGTERM)' },
  { flags: '--grace <s>', about: 'seconds the server may take to stop (default 60)' },
  { flags: '--serial-copies', about: 'never run two copies of the server at once' },
  {
    flags: '--subscribe <x>',
    about: 'how a client asks for its stream: ?name=value, "Name: value", JSON message, or none',
  },
  {
    flags: '--resume <x>',
    about: 'how a client presents the last id, {id} in it; without {id}, how it asks for a snapshot',
  },
  { flags: '--auth <x>', about: 'how a client logs in' },
  { flags: '--bad-auth <x>', about: 'a login that must be refused' },
  { flags: '--sequence <f>', about: 'field name or JSON pointer of the message id' },
  { flags: '--delivery <d>', about: 'reliable (default), or latest: messages may be dropped' },
  { flags: '--quiet-env <k=v,..>', about: 'environment that keeps the server from sending on its own' },
  { flags: '--pressure-env <k=v,..>', about: 'environment that makes the target send >= 100 KB/s' },
  { flags: '--only <id,..>', about: 'only these checks' },
  { flags: '--skip <id,..>', about: 'all but these checks' },
  { flags: '--long', about: 'longer windows: a cap of 60 s is seen' },
  { flags: '--idle <s>', about: 'idle proxies act after this many seconds instead of 30, 60 and 100' },
  { flags: '--scale <f>', about: 'multiplies every window; for targets that honour HOLDFAST_SCALE (no grade)' },
  { flags: '--copies <n>', about: 'client processes where attempts are compared (default 8)' },
  { flags: '--clients <n>', about: 'sessions in a storm (default 200)' },
  { flags: '--repeat <n>', about: 'so many runs: each verdict with its counts, inconclusive where they disagree' },
  { flags: '--seed <n>', about: 'repeat the run of this seed (a fresh one is printed otherwise)' },
  { flags: '--strict', about: 'a skipped check counts as inconclusive' },
  { flags: '--engine <e>', about: 'auto (default), toxiproxy, docker, embedded, or the URL of a Toxiproxy server' },
  { flags: '--ca <file>', about: 'certificate authority of the target' },
  { flags: '--insecure', about: "do not verify the target's certificate" },
  { flags: '--i-own-this-target', about: 'allow a target that is not on loopback' },
  { flags: '--reporter <list>', about: REPORTERS_HELP },
  { flags: '--results <dir>', about: 'where runs are saved (default results)' },
  { flags: '--gate <level>', about: 'MUST (default), SHOULD, or the worst grade allowed: A+ A B C D' },
];

/** Of DESIGN, and not there yet: known, so that using one is answered by a sentence. */
const UNBUILT_FLAGS = ['--middlebox <profile>'];

export function addCheckFlags(command: Command): Command {
  for (const { flags, about } of CHECK_FLAGS) command.addOption(new Option(flags, about));
  for (const flags of UNBUILT_FLAGS) command.addOption(new Option(flags, 'not built yet').hideHelp());
  return command;
}

export const CONFIG_FLAG = [
  '--config <file>',
  'config (default holdfast.config.ts|js|json|yaml of this folder)',
] as const;

/** Flags as settings: the same words, the same rules, the same errors as in a config. */
export function settingsOfFlags(given: Readonly<Record<string, unknown>>): Settings {
  const settings = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, numeric(name, value)]));
  return parseSettings(settings, (field) => flagName(field));
}

const NUMBERS = new Set(['port', 'listen', 'grace', 'idle', 'scale', 'copies', 'clients', 'repeat', 'seed']);

function numeric(name: string, value: unknown): unknown {
  return NUMBERS.has(name) && typeof value === 'string' && value.trim() !== '' ? toNumber(value) : value;
}

/** What is no number stays text, for the schema to refuse. */
function toNumber(text: string): number | string {
  const parsed = Number(text);
  return Number.isNaN(parsed) ? text : parsed;
}
