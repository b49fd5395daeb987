// Clean build: a stale file in dist would be found by the catalog, which finds units by folder.
const { execFileSync } = require('node:child_process');
const { rmSync, chmodSync, existsSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', root], { stdio: 'inherit' });
const main = join(root, 'dist/harness/cli/main.js');
if (existsSync(main)) chmodSync(main, 0o755);
const manifest = join(root, 'dist/harness/write-manifest.js');
if (existsSync(manifest)) require(manifest).writeManifest();
