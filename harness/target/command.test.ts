import { parseCommand } from './command.js';

const argv = (text: string, placeholders = {}, platform: NodeJS.Platform = 'linux') => {
  const command = parseCommand(text, placeholders, platform);
  return [command.file, ...command.args];
};

describe('a target command', () => {
  it.each([
    ['node server.js --port {port}', ['node', 'server.js', '--port', '4000']],
    ['./my\\ server "a b" \'c "d"\' ""', ['./my server', 'a b', 'c "d"', '']],
    ['say "a \\"quoted\\" word" \\$HOME', ['say', 'a "quoted" word', '$HOME']],
    ['client --url={url}', ['client', '--url=ws://127.0.0.1:1/a?b=1&c=2']],
    ["bash -c 'cd x && node y | tee z'", ['bash', '-c', 'cd x && node y | tee z']],
    ['grep "costs 5$" x', ['grep', 'costs 5$', 'x']],
    ['  node   x  \n', ['node', 'x']],
    ['app --json \'{"a":{port}}\' {unknown}', ['app', '--json', '{"a":4000}', '{unknown}']],
  ])('is split without a shell: %s', (text, expected) => {
    expect(argv(text, { port: 4000, url: 'ws://127.0.0.1:1/a?b=1&c=2' })).toEqual(expected);
  });

  it('keeps the backslashes of Windows paths', () => {
    expect(argv('C:\\app\\server.exe --dir "C:\\my data\\"x"', {}, 'win32')).toEqual([
      'C:\\app\\server.exe',
      '--dir',
      'C:\\my data"x',
    ]);
    expect(argv('\\\\host\\share\\s.exe a', {}, 'win32')).toEqual(['\\\\host\\share\\s.exe', 'a']);
    expect(argv('C:\\app\\server.exe')).toEqual(['C:\\app\\server.exe']);
  });

  it.each([
    ['node a | tee b', 'node a | tee b', false],
    ['cd x && node y', 'cd x && node y', false],
    ['ulimit -n 256; exec node y', 'ulimit -n 256; exec node y', false],
    ['FOO="a b" node y', 'FOO="a b" exec node y', true],
    ['node y > log 2>&1', 'exec node y > log 2>&1', true],
    ['node "$HOME/x.js"', 'exec node "$HOME/x.js"', true],
    ['node *.js', 'exec node *.js', true],
    ['~/bin/server', 'exec ~/bin/server', true],
    ['cd /tmp', 'cd /tmp', false],
    ['A=1 cd /tmp', 'A=1 cd /tmp', false],
    ['echo $(date)', 'echo $(date)', false],
  ])('goes through a shell where it needs one: %s', (text, script, direct) => {
    expect(parseCommand(text, {}, 'linux')).toEqual({ file: 'sh', args: ['-c', script], shell: true, direct });
  });

  it('quotes a value for the place in the script where it stands', () => {
    const url = "ws://h/a?b=$c&d='e'";
    expect(argv('A=1 c {url}', { url })[2]).toBe("A=1 exec c 'ws://h/a?b=$c&d='\\''e'\\'''");
    expect(argv('A=1 c "{url}"', { url })[2]).toBe('A=1 exec c "ws://h/a?b=\\$c&d=\'e\'"');
    expect(argv("A=1 c '{url}'", { url })[2]).toBe("A=1 exec c 'ws://h/a?b=$c&d='\\''e'\\'''");
    expect(argv('A={port} c', { port: 80 })[2]).toBe('A=80 exec c');
  });

  it.each(['', '   ', 'node "x'])('is refused when it makes no sense: %p', (text) => {
    expect(() => parseCommand(text)).toThrow(/command/);
  });
});
