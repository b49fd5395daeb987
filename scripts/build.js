// Clean build: a stale file in dist would be found by the catalog, which finds units by folder.
const { execFileSync } = require('node:child_process');
const { rmSync, chmodSync, copyFileSync, cpSync, existsSync } = require('node:fs');
const { dirname, join } = require('node:path');

const root = join(__dirname, '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
// The package exports its manifest and not its command.
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', root], { stdio: 'inherit' });
// The page of a session is what it is written as.
cpSync(join(root, 'harness/session/page'), join(root, 'dist/harness/session/page'), { recursive: true });
copyFileSync(join(root, 'targets/feed.proto'), join(root, 'dist/targets/feed.proto'));
// Read as they are when a page is made.
cpSync(join(root, 'harness/page'), join(root, 'dist/harness/page'), {
  recursive: true,
  filter: (from) => !from.endsWith('.ts'),
});
const main = join(root, 'dist/harness/cli/main.js');
if (existsSync(main)) chmodSync(main, 0o755);
const manifest = join(root, 'dist/harness/write-manifest.js');
if (existsSync(manifest)) require(manifest).writeManifest();
