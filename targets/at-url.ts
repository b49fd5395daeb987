/** A program started at an address of this machine that is not loopback: what is asked of a URL is asked of no command. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { createAuthority, selfSigned } from '../harness/path/certificates.js';
import type { Scheme } from './program.js';

const START_MS = 20_000;
const ALPN = { wss: ['http/1.1'], grpcs: ['h2'] } as const;

/** How `holdfast check` finds it. */
export interface AtUrl extends AsyncDisposable {
  readonly words: readonly string[];
}

export async function startAtUrl(file: string, scheme: Scheme): Promise<AtUrl> {
  const host = outwardHost();
  const port = await freePort(host);
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-at-url-'));
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, HOST: host, PORT: `${port}`, ...(scheme === 'https' ? certificateFor(host, folder) : {}) },
    stdio: 'ignore',
  });
  await listening(file, host, port);
  const stop = async () => {
    const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  return { words: [urlOf(scheme, host, port)], [Symbol.asyncDispose]: stop };
}

/** The program on loopback, and before it TLS with a certificate of an authority that is told (`--ca`). */
export async function startBehindTls(file: string, scheme: 'wss' | 'grpcs'): Promise<AtUrl> {
  const host = outwardHost();
  const inner = await freePort('127.0.0.1');
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-at-url-'));
  const authority = createAuthority('Holdfast proof');
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, authority.certPem);
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: `${inner}` },
    stdio: 'ignore',
  });
  await listening(file, '127.0.0.1', inner);
  const { certPem, keyPem } = authority.issue([host], { from: -1, to: 30 });
  const front = createTlsServer({ cert: certPem, key: keyPem, ALPNProtocols: ALPN[scheme] }, (outer) => {
    const own = connect(inner, '127.0.0.1');
    outer.pipe(own).pipe(outer);
    outer.on('error', () => own.destroy()).on('close', () => own.destroy());
    own.on('error', () => outer.destroy()).on('close', () => outer.destroy());
  }).listen(0, host);
  await once(front, 'listening');
  const address = front.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    words: [urlOf(scheme, host, port), '--ca', caFile],
    [Symbol.asyncDispose]: async () => {
      front.close();
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function outwardHost(): string {
  const outward = Object.values(networkInterfaces()).flatMap((list = []) => list.filter(({ internal }) => !internal));
  const host = outward.find(({ family }) => family === 'IPv4')?.address;
  if (host === undefined) throw new Error('this machine has no IPv4 address but loopback: a URL cannot be proven here');
  return host;
}

function urlOf(scheme: Scheme, host: string, port: number): string {
  return `${scheme}://${host}:${port}${scheme.startsWith('grpc') ? '' : '/feed'}`;
}

async function listening(file: string, host: string, port: number): Promise<void> {
  for (let leftMs = START_MS; !(await accepts(host, port)); leftMs -= 100) {
    if (leftMs <= 0) throw new Error(`${file} does not listen at ${host}:${port}`);
    await sleep(100);
  }
}

/** Signed by nobody: it is checked with `--insecure`. */
function certificateFor(host: string, folder: string): { readonly TLS_CERT: string; readonly TLS_KEY: string } {
  const { certPem, keyPem } = selfSigned([host], { from: -1, to: 30 });
  const files = { TLS_CERT: join(folder, 'cert.pem'), TLS_KEY: join(folder, 'key.pem') };
  writeFileSync(files.TLS_CERT, certPem);
  writeFileSync(files.TLS_KEY, keyPem);
  return files;
}

async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
