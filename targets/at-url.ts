/** A program started at an address of this machine that is not loopback: what is asked of a URL is asked of no command. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scheme } from './program.js';

const START_MS = 20_000;

export async function startAtUrl(file: string, scheme: Scheme): Promise<{ readonly url: string } & AsyncDisposable> {
  const outward = Object.values(networkInterfaces()).flatMap((list = []) => list.filter(({ internal }) => !internal));
  const host = outward.find(({ family }) => family === 'IPv4')?.address;
  if (host === undefined) throw new Error('this machine has no IPv4 address but loopback: a URL cannot be proven here');
  const port = await freePort(host);
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, HOST: host, PORT: `${port}` },
    stdio: 'ignore',
  });
  for (let leftMs = START_MS; !(await accepts(host, port)); leftMs -= 100) {
    if (leftMs <= 0) throw new Error(`${file} does not listen at ${host}:${port}`);
    await sleep(100);
  }
  const stop = async () => {
    const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGTERM');
    await exited;
  };
  return { url: `${scheme}://${host}:${port}/feed`, [Symbol.asyncDispose]: stop };
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
