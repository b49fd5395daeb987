import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';

const ROOT = join(__dirname, '../..');
const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>;

let packed: readonly string[];
beforeAll(() => {
  const told = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files }] = JSON.parse(told) as [{ files: { path: string }[] }];
  packed = files.map(({ path }) => path);
}, 120_000);

/** Files that a file names: by import, or as what it forks or reads. */
function namedBy(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/["'`]([^"'`\n]*?[\w.-]+(?:\.js)?)["'`]/g)].flatMap(([, name = '']) =>
    [name, `${name}.js`]
      .map((one) => relative(ROOT, join(ROOT, dirname(file), one)))
      .filter((path) => path.endsWith('.js') && path.startsWith('dist/') && existsSync(join(ROOT, path))),
  );
}

it('the package holds what is started or found by its folder, what that names, and nothing else', () => {
  const found =
    /^dist\/(harness\/(cli\/main|index|jest|adapters\/.*|protocols\/.*|reporters\/.*|page\/.*|session\/page\/.*)|faults\/.*|suites\/.*|targets\/([\w-]+-(server|client)|flawed\/.*))\.js$/;
  const needed = new Set(packed.filter((path) => found.test(path)));
  for (const path of needed) for (const name of namedBy(path)) needed.add(name);
  const code = packed.filter((path) => path.endsWith('.js'));
  expect(code.filter((path) => !needed.has(path) && !/\/(contract|scenario|reporter)\.js$/.test(path))).toEqual([]);
  const imported = code.flatMap((path) =>
    [...readFileSync(join(ROOT, path), 'utf8').matchAll(/require\("(\.[^"]+)"\)/g)].map(([, name = '']) =>
      relative(ROOT, join(ROOT, dirname(path), name.endsWith('.js') ? name : `${name}.js`)),
    ),
  );
  expect([...new Set(imported)].filter((path) => !packed.includes(path))).toEqual([]);
  const others = packed.filter((path) => !/\.(js|d\.ts)$/.test(path)).map((path) => path.replace(/.*\//, ''));
  const data = ['CHANGELOG.md', 'LICENSE', 'README.md', 'manifest.json', 'package.json'];
  expect(others.filter((name) => !/\.(css|html)$/.test(name)).sort()).toEqual(data);
});

it('the package imports what it depends on, and depends on what it imports', () => {
  const asked = packed
    .filter((path) => path.endsWith('.js'))
    .flatMap((path) =>
      [
        ...readFileSync(join(ROOT, path), 'utf8').matchAll(
          /(?:require(?:\.resolve)?|import)\(["']([^."'][^"']*)["']\)/g,
        ),
      ].map(([, name = '']) => name),
    )
    .filter((name) => !isBuiltin(name))
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
  expect([...new Set(asked)].filter((name) => name !== 'holdfast').sort()).toEqual(
    Object.keys(own.dependencies).sort(),
  );
});

it('docs/dependencies.md gives each dependency its reason, and names no other', () => {
  const text = readFileSync(join(ROOT, 'docs/dependencies.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  const cells = (row: string) => row.split('|').map((cell) => cell.trim());
  // A name may have the major version that is kept to behind it.
  const names = rows.slice(2).map((row) => cells(row.replace(/^\| (\S+) \d+ /, '| $1 ')));
  expect(names.map(([, name]) => name).sort()).toEqual(Object.keys(own.dependencies).sort());
  for (const [, name = '', use = '', reason = ''] of names) expect([name, use.length, reason.length]).not.toContain(0);
  const development = text.slice(text.indexOf('For development only'));
  const untold = Object.keys(own.devDependencies).filter(
    (name) => !name.startsWith('@types/') && !development.includes(name),
  );
  expect(untold).toEqual([]);
});

it('the lockfile has each package by a hash', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { integrity?: string; optional?: true }>;
  };
  const unsure = Object.entries(packages).filter(
    ([path, { integrity, optional }]) => path !== '' && !optional && integrity === undefined,
  );
  expect(unsure.map(([path]) => path)).toEqual([]);
  const root = packages[''] as unknown as typeof own;
  expect({ ...root.dependencies, ...root.devDependencies }).toEqual({ ...own.dependencies, ...own.devDependencies });
});
