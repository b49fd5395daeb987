import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadCatalog } from '../catalog.js';
import { settingsSchema } from '../config-schema.js';
import { HarnessError } from '../errors.js';
import { controlOf, handFaults } from '../session/controls.js';
import { refuse } from '../session/guard.js';
import { parseHand } from '../session/hand.js';
import { parseLine } from '../session/prompt-line.js';
import { readScenarioFile } from '../session/scenario-file.js';
import { STORY_TARGET } from '../story.js';
import { holdfast } from './program.js';
import { flagName } from './words.js';

/**
 * What nobody would write on purpose, in this process: commands get a signal that was given already, so that what is accepted ends
 * before anything is started (130). A tenth of the cases, the same ones each time; `npm run fuzz` tries 13,500 new ones.
 */
const FULL = process.env.HOLDFAST_FUZZ === 'full';
const counted = (all: number) => (FULL ? all : all / 10);
if (!FULL) fc.configureGlobal({ seed: 20261127 });
const RUNS = {
  commands: counted(2000),
  configs: counted(3000),
  texts: counted(1500),
  saved: counted(1500),
  hands: counted(3000),
  lines: counted(2000),
  files: counted(500),
};
const SLOWEST_MS = 5000;
const SAVED = join(__dirname, '../../../harness/rejudge.test.run');

let folder: string;
let before: string;
beforeAll(() => {
  before = process.cwd();
  folder = mkdtempSync(join(tmpdir(), 'holdfast-fuzz-'));
  process.chdir(folder);
  // A thousand commands in one process, each of which listens to what it prints on.
  for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

interface Said {
  readonly code: number;
  readonly out: string;
  readonly told: string;
}

async function say(...args: string[]): Promise<Said> {
  let [out, told] = ['', ''];
  const take = (add: (text: string) => void) => (text: unknown, done?: unknown) => {
    add(String(text));
    if (typeof done === 'function') done();
    return true;
  };
  const stdout = jest.spyOn(process.stdout, 'write').mockImplementation(
    take((text) => {
      out += text;
    }),
  );
  const stderr = jest.spyOn(process.stderr, 'write').mockImplementation(
    take((text) => {
      told += text;
    }),
  );
  const startMs = performance.now();
  try {
    const code = await holdfast(args, AbortSignal.abort(new HarnessError('INTERRUPTED', 'interrupted')));
    expect(performance.now() - startMs).toBeLessThan(SLOWEST_MS);
    return { code, out, told };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

const isControl = (char: string) => char < ' ' && char !== '\n';

/** One sentence for a person: no stack, nothing that a terminal obeys, not the words of a library. */
function isSentence(told: string): void {
  expect(told).toMatch(/^holdfast: .{8,}\n$/);
  expect(told).not.toMatch(/error of Holdfast's own|\n {4}at |Invalid input|Too (small|big)|\[object/);
  expect([...told].filter(isControl)).toEqual([]);
  expect(told.length).toBeLessThan(3000);
}

const NASTY = [
  ...['', ' ', '\n', '-', '--', '0', '-1', '1e999', 'NaN', '1.5', '99999999999999999999', '0x10', 'true', 'none'],
  ...[
    '{',
    '{"a":',
    '[1]',
    'null',
    '?',
    '?a',
    '?a=b',
    'A: b',
    'A: b\r\nC: d',
    'K=V',
    '=V',
    'K',
    ',',
    ',,,',
    '(',
    '[a-',
    '*',
  ],
  ...[
    'http://',
    'http://[',
    'ws://127.0.0.1:0/',
    'http://192.0.2.1/',
    'ftp://127.0.0.1/',
    'ws://127.0.0.1:1/ x',
    '//x',
  ],
  ...[
    '../../x',
    '/',
    '.',
    '/proc/holdfast',
    'no/such/file',
    '\u001b[31mred',
    '\u0000',
    '\u202e',
    '\ud800',
    '💥'.repeat(400),
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '%s%n',
    '$(id)',
    "'",
    '"',
    '`',
    'x'.repeat(100_000),
    'websocket/none',
    'MUST',
  ],
];
const nasty = fc.oneof(fc.constantFrom(...NASTY), fc.string(), fc.string({ unit: 'binary' }));
const value = fc.oneof(
  nasty,
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e300, Number.MAX_SAFE_INTEGER, [], {}, [[]], {
    a: { b: 1 },
  }),
  fc.array(nasty, { maxLength: 3 }),
  fc.dictionary(nasty, fc.oneof(nasty, fc.integer(), fc.constant(null)), { maxKeys: 3 }),
);
const words = Object.keys(settingsSchema.shape);
/** A target that is not ours to reach is never tried. */
const flags = words.filter((word) => word !== 'iOwnThisTarget').map(flagName);

describe('what is typed', () => {
  const flag = fc.oneof(
    fc.tuple(fc.constantFrom(...flags), nasty).map(([name, text]) => [`${name}=${text}`]),
    fc.tuple(fc.constantFrom(...flags), nasty).map(([name, text]) => [name, text]),
    fc.constantFrom('--json', '--config=none.yaml', '--config=.').map((name) => [name]),
    nasty.map((text) => [text]),
  );
  const command = fc.constantFrom(
    'check',
    'judge',
    'compare',
    'report',
    'list',
    'explain',
    'session',
    'proxy',
    'chekc',
  );

  it(`is done or refused by a sentence, in ${RUNS.commands} ways`, async () => {
    await fc.assert(
      fc.asyncProperty(command, fc.array(flag, { maxLength: 4 }), async (name, given) => {
        const more = name === 'proxy' ? ['--port', '0'] : [];
        const { code, told } = await say(name, ...more, ...given.flat());
        expect([0, 3, 130]).toContain(code);
        if (code === 3) isSentence(told);
      }),
      { numRuns: RUNS.commands },
    );
  }, 300_000);
});

describe('a config', () => {
  const good = {
    server: 'node x.js',
    port: 9000,
    expect: { 'websocket/no-heartbeat': { maxSilenceMs: 1 } },
    known: [],
  };

  it(`is taken, or refused by its field and a remedy, in ${RUNS.configs} ways`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...words, 'sever', '__proto__', ''), value, async (field, given) => {
        writeFileSync('fuzz.json', JSON.stringify({ targets: { chat: { ...good, ...own(field, given) } } }));
        const { code, told } = await say('check', 'chat', '--config', 'fuzz.json');
        expect([3, 130]).toContain(code);
        if (code === 130) return;
        isSentence(told);
        // By the field, or by what was given for it where that was well formed.
        expect(told).toMatch(/fuzz\.json: targets|the config|no check|protocol|URL|--|command|reach|machine|cannot/);
      }),
      { numRuns: RUNS.configs },
    );
  }, 300_000);

  it(`of any text is taken or refused, in ${RUNS.texts} ways`, async () => {
    const yaml =
      'targets:\n  chat: &c\n    server: "node x.js"\n    env: { A: 1 }\n    only: [no-heartbeat]\n  feed: *c\n';
    const edit = fc.tuple(
      fc.nat(yaml.length),
      fc.nat(12),
      fc.oneof(nasty, fc.constantFrom('*c', '&c', '!!js/x', '- ', '? ', ': ', '---\n', '<<: *c')),
    );
    await fc.assert(
      fc.asyncProperty(edit, fc.constantFrom('fuzz.yaml', 'fuzz2.json'), async ([at, gone, text], file) => {
        writeFileSync(file, yaml.slice(0, at) + text + yaml.slice(at + gone));
        const { code, told } = await say('check', 'chat', '--config', file);
        expect([3, 130]).toContain(code);
        if (code === 3) isSentence(told);
      }),
      { numRuns: RUNS.texts },
    );
  }, 300_000);
});

function own(name: string, given: unknown): object {
  return JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(given)}}`) as object;
}

/** A copy with one value, somewhere in it, in place of what is there; or without it. */
function mutated(root: unknown, picks: readonly number[], to: unknown): unknown {
  const copy = structuredClone(root) as Record<string, unknown>;
  let at: Record<string, unknown> = copy;
  for (const pick of picks) {
    const keys = Object.keys(at);
    const key = keys[pick % keys.length];
    if (key === undefined) break;
    const next = at[key];
    if (typeof next === 'object' && next !== null && Object.keys(next).length > 0 && pick % 7 !== 0)
      at = next as Record<string, unknown>;
    else {
      if (to === undefined) delete at[key];
      else at[key] = to;
      break;
    }
  }
  return copy;
}

describe('a saved run', () => {
  const run: unknown = JSON.parse(readFileSync(join(SAVED, 'run.json'), 'utf8'));
  const lines = readFileSync(join(SAVED, 'history.jsonl'), 'utf8').trim().split('\n');
  const change = fc.record({
    picks: fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 }),
    to: fc.oneof(value, fc.constant(undefined)),
    line: fc.option(fc.nat(lines.length - 1)),
    cut: fc.option(fc.nat(400), { freq: 8 }),
  });

  it(`that was changed is read, or refused by its field, in ${RUNS.saved} ways`, async () => {
    mkdirSync('changed');
    cpSync(SAVED, 'whole', { recursive: true });
    await fc.assert(
      fc.asyncProperty(change, async ({ picks, to, line, cut }) => {
        const text = JSON.stringify(line === null ? mutated(run, picks, to) : run);
        const history = lines.map((one, i) => (i === line ? JSON.stringify(mutated(JSON.parse(one), picks, to)) : one));
        writeFileSync('changed/run.json', cut !== null && line === null ? text.slice(0, -cut - 1) : text);
        const all = `${history.join('\n')}\n`;
        writeFileSync('changed/history.jsonl', cut !== null && line !== null ? all.slice(0, -cut - 1) : all);
        for (const args of [
          ['judge', 'changed'],
          ['report', 'changed', '--reporter', 'terminal,html,junit,markdown,sarif,trace'],
          ['compare', 'whole', 'changed'],
        ]) {
          const { code, out, told } = await say(...args);
          expect([0, 1, 2, 3]).toContain(code);
          if (code === 3) isSentence(told);
          expect([...out].filter(isControl)).toEqual([]);
        }
      }),
      { numRuns: RUNS.saved },
    );
  }, 900_000);
});

describe('a session', () => {
  const controls = [...handFaults(loadCatalog(), STORY_TARGET).values()].map(controlOf);
  const names = controls.map(({ fault }) => fault);
  const isTold = (work: () => unknown): void => {
    try {
      work();
    } catch (error) {
      expect(error).toBeInstanceOf(HarnessError);
      isSentence(`holdfast: ${(error as Error).message.replaceAll(/[^ -~]/g, '?').slice(0, 2000)}\n`);
    }
  };

  it(`asked for ${RUNS.hands} things by its API does them or says what is wrong`, () => {
    const field = fc.constantFrom(
      'fault',
      'params',
      'scope',
      'forMs',
      'inMs',
      'times',
      'everyMs',
      'nonsense',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(fc.tuple(field, value), { maxLength: 3 }), (fault, given) => {
        isTold(() => parseHand(Object.assign({ fault }, ...given.map(([name, one]) => own(name, one))), controls));
        const [first] = given;
        const headers = { host: JSON.stringify(first?.[1] ?? ''), origin: String(first?.[0] ?? '') };
        const asked = { method: 'POST', url: JSON.stringify(first?.[1] ?? ''), headers, remoteAddress: '127.0.0.1' };
        expect(refuse(asked, { token: 't', port: 1 })?.status).toBe(421);
      }),
      { numRuns: RUNS.hands },
    );
  });

  it(`told ${RUNS.lines} lines does them or says what is wrong`, () => {
    const word = fc.oneof(
      fc.constantFrom(...names, 'cut', 'heal', 'wait', 'for', 'on', 'all', '50%', '#3', 'in', 'every', '3x', '5s'),
      nasty,
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (said) => isTold(() => parseLine(said.join(' '), controls))),
      { numRuns: RUNS.lines },
    );
  });

  it(`reads ${RUNS.files} scenario files, or says what is wrong with them`, () => {
    const step = { atMs: 1, do: 'inject', act: 1, left: 0, fault: 'reset', params: {}, on: 'all' };
    const file = {
      schema: 'holdfast.scenario/1',
      about: '',
      protocol: 'websocket',
      seed: 1,
      connections: 1,
      lengthMs: 5,
    };
    const good = { ...file, steps: [step], judged: [] };
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 4 }), value, (picks, to) => {
        writeFileSync('scenario.json', JSON.stringify(mutated(good, picks, to)));
        isTold(() => readScenarioFile('scenario.json'));
      }),
      { numRuns: RUNS.files },
    );
  });
});
