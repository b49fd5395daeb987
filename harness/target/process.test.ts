import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { nowMs, until } from '../clock.js';
import type { EventBody } from '../contract.js';
import { type ProcessOptions, type StartedProcess, spawnProcess, targetDied } from './process.js';
import { processStartTime } from './process-table.js';

interface Started {
  readonly process: StartedProcess;
  readonly events: EventBody[];
}

async function begin(command: string, options: Partial<ProcessOptions> = {}): Promise<Started> {
  const events: EventBody[] = [];
  const record = (event: EventBody) => void events.push(event);
  const process = await spawnProcess({ name: 'subject', command, env: {}, cwd: __dirname, record, ...options });
  return { process, events };
}

const lives = (pid: number) => processStartTime(pid) !== undefined;
const quote = (script: string) => `'${script.replaceAll("'", "'\\''")}'`;
const node = (script: string) => `node -e ${quote(script)}`;
const python = (script: string) => `python3 -c ${quote(script)}`;

/** Forks twice, starts a session of its own, closes everything: what \`daemon(3)\` does. Prints its pid first. */
const daemon = `
import os, sys, time
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(write, str(os.getpid()).encode()); os.closerange(0, 3); os.closerange(write, write + 1)
        time.sleep(300)
    os._exit(0)
print(os.read(read, 20).decode(), flush=True)
`;

const firstNumber = (lines: readonly string[]) => lines.map(Number).find((value) => value > 0);
const saysPid = async (started: StartedProcess) => {
  const seen = () => started.stderrTail.join('|');
  return (await until('a pid is printed', () => firstNumber(started.stdoutTail), 10_000, { seen })) ?? 0;
};

describe('a started process', () => {
  it('has its descriptors limited, soft and hard, and is still the program itself', async () => {
    const script =
      'import os, resource; print(os.getpid(), *resource.getrlimit(resource.RLIMIT_NOFILE), flush=True); input()';
    const { process } = await begin(python(script), { openFiles: 256 });
    await using _ = process;
    const said = await until('it speaks', () => process.stdoutTail[0], 10_000);
    expect(said).toBe(`${process.pid} 256 256`);
    expect(process.direct).toBe(true);
  });

  it('records spawn, reports and exit, and keeps the last lines', async () => {
    const script = `
      console.log('hello');
      console.log(JSON.stringify({ event: 'message', id: 7, data: 'x' }));
      console.log(JSON.stringify({ event: 'sent', id: 'a', data: 'y'.repeat(100000) }));
      console.log(JSON.stringify({ event: 'other', id: 7 }));
      console.log('{"event":"open"');
      console.error('oops'); process.exitCode = 3`;
    const observer = { scalar: (value: unknown) => (typeof value === 'number' ? value : { hash: 'h', length: 1 }) };
    const { process, events } = await begin(node(script), { observer });
    await using _ended = process;
    const exit = await process.exited;
    expect(exit).toMatchObject({ code: 3, signal: null });
    expect(process.exit).toBe(exit);
    await until('stderr is read', () => process.stderrTail[0] === 'oops', 2_000);
    expect(process.stdoutTail[0]).toBe('hello');
    expect(events.filter((event) => event.type === 'process').map((event) => event.what)).toEqual(['spawn', 'exit']);
    expect(events.filter((event) => event.type === 'report')).toEqual([
      { type: 'report', process: 'subject', event: 'message', id: 7 },
      { type: 'report', process: 'subject', event: 'sent', id: { hash: 'h', length: 1 } },
    ]);
  });

  it('has an open stdin and unbuffered Python', async () => {
    const script = `
import os, select, sys
print(os.environ['PYTHONUNBUFFERED'], os.environ['A'], bool(select.select([sys.stdin], [], [], 0.5)[0]))`;
    const { process } = await begin(python(script), { env: { A: 'b' } });
    await using _ended = process;
    await process.exited;
    await until('it has spoken', () => process.stdoutTail.length > 0, 2_000);
    expect(process.stdoutTail).toEqual(['1 b False']);
  });

  it('may open its output by name, as it may under a shell', async () => {
    const { process } = await begin('echo a > /dev/stdout; echo b > /dev/stderr');
    await using _ended = process;
    expect(await process.exited).toMatchObject({ code: 0 });
    await until('both are read', () => process.stdoutTail[0] === 'a' && process.stderrTail[0] === 'b', 2_000);
  });

  it('never blocks on its output and keeps little of it', async () => {
    const script = `
      const block = Buffer.from(('x'.repeat(99) + '\\n').repeat(10000));
      let left = 400;
      const write = () => { while (left-- > 0) if (!process.stdout.write(block)) return process.stdout.once('drain', write);
        process.stdout.write('z'.repeat(5e7), () => console.error('done')); };
      write();`;
    const { process: subject } = await begin(node(script));
    await using _ended = subject;
    const before = process.memoryUsage().rss;
    await until('450 MB are written', () => subject.stderrTail[0] === 'done', 25_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
    expect(subject.stdoutTail.length).toBeLessThanOrEqual(40);
    expect(Math.max(...subject.stdoutTail.map((line) => line.length))).toBeLessThanOrEqual(65_536);
  });

  it('shows each line to who listens, until that has seen enough', async () => {
    const lines: string[] = [];
    const { process } = await begin('sh -c "echo a; echo b >&2; sleep 0.2; echo ready; sleep 0.2; echo c"', {
      onLine: (line) => {
        lines.push(line);
        return line === 'ready';
      },
    });
    await using _ended = process;
    await process.exited;
    await until('the rest is read', () => process.stdoutTail.includes('c'), 2_000);
    expect(lines.sort()).toEqual(['a', 'b', 'ready']);
  });

  it.each([
    ['no-such-program-here --x', __dirname, /needs no-such-program-here, which is not found/],
    ['node x', '/no/such/folder', /its folder \/no\/such\/folder does not exist/],
  ])('is refused where it can not be started: %s', async (command, cwd, message) => {
    await expect(begin(command, { cwd })).rejects.toMatchObject({
      code: 'TARGET_NOT_FOUND',
      message: expect.stringMatching(message),
    });
  });

  it('tells its exit code and last words when it died', async () => {
    const { process } = await begin('sh -c "echo reason >&2; exit 9"');
    await using _ended = process;
    await process.exited;
    const error = await targetDied(process, 'too early');
    expect(error.code).toBe('TARGET_DIED');
    expect(error.message).toMatch(/exited with code 9 after \d+ ms, too early; its last lines: reason$/);
  });

  it('names the error itself among the lines of a stack', async () => {
    const { process } = await begin(node('require("net").createServer().listen(1, "192.0.2.1")'));
    await using _ended = process;
    await process.exited;
    expect((await targetDied(process, 'too early')).message).toMatch(
      /its last lines: Error: listen E\w+: .*192\.0\.2\.1/,
    );
  });
});

describe('stopping', () => {
  it('lets a well-behaved tree end by SIGTERM, and is done twice without harm', async () => {
    const { process, events } = await begin('sleep 300 & sleep 301; true');
    await until('three live', () => process.tree().length === 3, 5_000);
    const tree = process.tree();
    expect(tree[0]).toBe(process.pid);
    const since = nowMs();
    await Promise.all([process.stop(), process.stop()]);
    expect(nowMs() - since).toBeLessThan(1_500);
    expect(tree.filter(lives)).toEqual([]);
    expect(events.at(-1)).toMatchObject({ what: 'killed', signal: 'SIGTERM', facts: { processes: 3, gone: true } });
  });

  it('kills what ignores SIGTERM, what is stopped, and what left session and parent', async () => {
    const script = `${daemon}
import signal, subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(['sleep', '300'], start_new_session=True, env={})
print('up', flush=True)
time.sleep(300)`;
    const { process } = await begin(python(script));
    const daemonPid = await saysPid(process);
    await until('all four live', () => process.stdoutTail.includes('up') && process.tree().length === 3, 5_000);
    const tree = process.tree();
    expect(tree).toContain(daemonPid);
    process.signal('SIGSTOP');
    await process.stop();
    expect(tree.filter(lives)).toEqual([]);
  });

  it('finds a daemon whose starter has long ended', async () => {
    const { process } = await begin(python(daemon));
    const daemonPid = await saysPid(process);
    await process.exited;
    expect(process.tree()).toEqual([daemonPid]);
    await process.stop();
    expect(lives(daemonPid)).toBe(false);
  });

  it('is done for us when we are killed: nothing stays behind', async () => {
    const ours = `
const { spawnProcess } = require(${JSON.stringify(join(__dirname, 'process.js'))});
const record = () => {};
(async () => {
  const p = await spawnProcess({ name: 'a', command: ${JSON.stringify(python(`${daemon}\ntime.sleep(300)`))}, env: {}, cwd: '/', record });
  while (p.stdoutTail.length === 0) await new Promise((go) => setTimeout(go, 20));
  console.log(p.pid + ' ' + p.stdoutTail[0]);
})();`;
    const child = spawn(process.execPath, ['-e', ours], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
    });
    await until('both pids are told', () => text.includes('\n'), 10_000);
    const pids = text.trim().split(' ').map(Number);
    expect(pids.filter(lives)).toHaveLength(2);
    child.kill('SIGKILL');
    await until('both are gone', () => pids.filter(lives).length === 0, 10_000, {
      seen: () => pids.filter(lives).join(),
    });
  });
});
