import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import type { Command } from 'commander';
import { messageOf } from '../errors.js';
import { readLimits } from '../limits.js';
import { findProgram, isRequired } from '../programs.js';
import { printable } from '../reporters/printable.js';
import { withoutSecrets } from '../secrets.js';
import { type Able, canMakeNamespace, namespaceCommand } from '../target/namespace.js';
import { containers, proxies } from './containers.js';
import { EXIT } from './exit.js';
import { leftovers, removeLeftovers, toldOf } from './leftovers.js';
import { print } from './output.js';

/** `missing`: Holdfast cannot work; `absent`: it works with less. */
export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'absent' | 'missing';
  readonly text: string;
}

export function addDoctor(program: Command, finish: (code: number) => void): void {
  program
    .command('doctor')
    .description('Tells what this machine offers. Exit code 3 where Holdfast cannot work here.')
    .option('--clean', 'end and remove what former runs left behind')
    .option('--json', 'print JSON on stdout and nothing else')
    .action(async ({ json, clean }: { json?: boolean; clean?: boolean }) => {
      const offered = [
        ...machine(),
        ...(await toxiproxy()),
        ...kernel(),
        ...(await proxies()),
        ...programs(),
        ...(await containers(clean ?? false)),
        await leftBehind(clean ?? false),
      ];
      const findings = offered.map(asRequired).map(withoutSecrets);
      await print(json ? `${JSON.stringify(findings, null, 2)}\n` : findings.map(line).join(''));
      if (findings.some(({ state }) => state === 'missing')) finish(EXIT.couldNotRun);
    });
}

/** What HOLDFAST_REQUIRE names must be there. */
function asRequired(finding: Finding): Finding {
  if (finding.state !== 'absent' || !isRequired(finding.name)) return finding;
  return { ...finding, state: 'missing', text: `${finding.text} (HOLDFAST_REQUIRE asks for it)` };
}

function line({ name, state, text }: Finding): string {
  const sign = { ok: 'ok', absent: '--', missing: 'NO' }[state];
  return `${sign}  ${name.padEnd(18)}${printable(text)}\n`;
}

function machine(): Finding[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = major > 20 || (major === 20 && minor >= 19);
  const cores = cpus().length;
  return [
    {
      name: 'node',
      state: fits ? 'ok' : 'missing',
      text: fits ? process.version : `${process.version}: at least v20.19 is needed`,
    },
    { name: 'platform', state: 'ok', text: `${process.platform} ${release()} ${process.arch}` },
    {
      name: 'cores',
      state: cores > 1 ? 'ok' : 'absent',
      text: `${cores}, ${Math.round(totalmem() / 2 ** 30)} GiB of memory${cores > 1 ? '' : ': timing verdicts may be inconclusive'}`,
    },
    existsSync('/proc/self/stat')
      ? { name: '/proc', state: 'ok', text: 'memory and sockets of targets can be read' }
      : { name: '/proc', state: 'absent', text: 'not here: checks on memory and sockets are inconclusive' },
    descriptors(),
    ...room(),
  ];
}

/** A storm of 10,000 needs about twice as many descriptors, spread over workers. */
function descriptors(): Finding {
  const name = 'descriptors';
  try {
    const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
    const enough = limit === 'unlimited' || Number(limit) >= 4096;
    return {
      name,
      state: enough ? 'ok' : 'absent',
      text: `${limit} a process${enough ? '' : ': raise it (ulimit -n 4096) for large storms'}`,
    };
  } catch (error) {
    return { name, state: 'absent', text: `the limit cannot be read: ${messageOf(error)}` };
  }
}

/** A storm of 200 takes 400 ports; a run of everything about 3 GiB at its most. */
function room(): Finding[] {
  const { ports, memoryMib } = readLimits();
  const free = `${memoryMib} MiB free`;
  const memory: Finding =
    memoryMib >= 2048
      ? { name: 'memory', state: 'ok', text: free }
      : { name: 'memory', state: 'absent', text: `${free}: run fewer checks at a time (--only)` };
  if (ports === undefined) return [memory];
  const range = `${ports} for outgoing connections`;
  return [
    ports >= 4096
      ? { name: 'ports', state: 'ok', text: range }
      : { name: 'ports', state: 'absent', text: `${range}: widen ip_local_port_range for large storms` },
    memory,
  ];
}

async function toxiproxy(): Promise<Finding[]> {
  const name = 'toxiproxy';
  const url = process.env.TOXIPROXY_URL;
  if (url !== undefined && url !== '') {
    try {
      const answer = await fetch(new URL('/version', url), { signal: AbortSignal.timeout(3000) });
      const text = (await answer.text()).slice(0, 80);
      return [{ name, state: answer.ok ? 'ok' : 'missing', text: `TOXIPROXY_URL ${url} says ${text}` }];
    } catch (error) {
      return [{ name, state: 'missing', text: `TOXIPROXY_URL ${url} does not answer: ${messageOf(error)}` }];
    }
  }
  const path = findProgram('toxiproxy-server');
  return [
    path === undefined
      ? {
          name,
          state: 'absent',
          text: 'no TOXIPROXY_URL and no toxiproxy-server on the PATH: its image in Docker is used where both are here, else the embedded one',
        }
      : { name, state: 'ok', text: path },
  ];
}

/** Packets are dropped only inside a namespace, so that is where it has to be tried. */
function canDropInNamespace(): Able {
  if (!canMakeNamespace().ok) return { ok: false, reason: 'no network namespace can be made' };
  const module = JSON.stringify(require.resolve('../target/namespace.js'));
  const [program = '', ...args] = namespaceCommand([
    process.execPath,
    '-p',
    `JSON.stringify(require(${module}).canDropPackets())`,
  ]);
  try {
    return JSON.parse(
      execFileSync(program, args, { encoding: 'utf8', timeout: 10_000, stdio: ['ignore', 'pipe', 'ignore'] }),
    ) as Able;
  } catch (error) {
    return { ok: false, reason: messageOf(error) };
  }
}

function kernel(): Finding[] {
  const tell = (name: string, answer: Able, without: string): Finding =>
    answer.ok
      ? { name, state: 'ok', text: 'can be made' }
      : { name, state: 'absent', text: `${answer.reason ?? 'not possible'}: ${without}` };
  return [
    tell('namespaces', canMakeNamespace(), 'copies with a fixed port run one after another'),
    tell('packet drops', canDropInNamespace(), 'clients that rely on TCP keepalive are inconclusive'),
  ];
}

function programs(): Finding[] {
  const tools = {
    chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  };
  return Object.entries(tools).map(([name, candidates]): Finding => {
    const path = candidates.map(findProgram).find((found) => found !== undefined);
    return path === undefined ? { name, state: 'absent', text: 'not on the PATH' } : { name, state: 'ok', text: path };
  });
}

async function leftBehind(clean: boolean): Promise<Finding> {
  const name = 'left behind';
  const url = process.env.TOXIPROXY_URL || undefined;
  const found = await leftovers(url);
  const told = toldOf(found);
  if (told === '') return { name, state: 'ok', text: 'nothing' };
  if (!clean) return { name, state: 'absent', text: `${told}: holdfast doctor --clean removes that` };
  const stubborn = await removeLeftovers(found, url);
  return stubborn.length === 0
    ? { name, state: 'ok', text: `removed ${told}` }
    : { name, state: 'absent', text: `could not remove ${stubborn.join(', ')}` };
}
