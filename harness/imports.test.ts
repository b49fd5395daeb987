import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

const ROOT = resolve(__dirname, '../..');
/** What each part may import, besides itself (DESIGN section 2). */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  harness: [],
  faults: ['harness'],
  targets: ['harness'],
  suites: ['faults', 'harness'],
};

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name));
}

function imports(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/(?:from|import|require\()\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    relative(ROOT, resolve(ROOT, file, '..', path)),
  );
}

describe('imports run one way', () => {
  const files = Object.keys(ALLOWED).flatMap(sources);

  test.each(files)('%s imports nothing that lies above it', (file) => {
    const part = file.split(sep)[0] ?? '';
    const outside = imports(file)
      .map((path) => path.split(sep)[0] ?? '')
      // package.json, as dist sees it.
      .filter((other) => other !== part && other !== '..');
    for (const other of outside) expect(ALLOWED[part]).toContain(other);
  });

  test('the contract imports nothing of ours', () => {
    expect(imports(join('harness', 'contract.ts'))).toEqual([]);
  });
});
