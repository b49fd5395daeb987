/** Targets as tests start them: every timer of theirs twenty times as fast. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A started target; disposing it kills what is left of it. */
export class Program implements AsyncDisposable {
  readonly exited: Promise<unknown[]>;
  output = '';

  constructor(readonly child: ChildProcess) {
    this.exited = once(child, 'exit');
    child.stdout?.on('data', (chunk) => {
      this.output += chunk;
    });
  }

  /** Waits until the output matches. */
  async saw(pattern: RegExp): Promise<RegExpMatchArray> {
    for (let waitedMs = 0; waitedMs < 8_000; waitedMs += 10) {
      const match = this.output.match(pattern);
      if (match !== null) return match;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`no ${pattern} in 8 s, but: ${this.output.slice(0, 500)}`);
  }

  async stopped(): Promise<unknown> {
    this.child.kill('SIGTERM');
    return (await this.exited)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

export function start(file: string, env: Record<string, string>): Program {
  const options = {
    env: { ...process.env, HOLDFAST_SCALE: '0.05', ...env },
    stdio: ['pipe', 'pipe', 'inherit'] as const,
  };
  return new Program(spawn(process.execPath, [join(__dirname, file)], { ...options, stdio: [...options.stdio] }));
}

export async function startServer(file: string, env: Record<string, string> = {}) {
  const program = start(file, { PORT: '0', PUSH_MS: '20', ...env });
  return { program, host: `127.0.0.1:${(await program.saw(/"port":(\d+)/))[1]}` };
}
