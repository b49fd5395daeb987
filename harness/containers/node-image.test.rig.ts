import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hasImage, needRuntime, testcontainers } from './runtime.js';

/** An image that holds this machine's Node and what it is linked with, built of nothing: none can be pulled in CI. */
export async function nodeImage(): Promise<string> {
  const image = `holdfast.test/node:${process.versions.node}`;
  const runtime = await needRuntime();
  if (await hasImage(runtime, image)) return image;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-image-'));
  try {
    const linked = execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).match(/\/\S+\.so\S*/g) ?? [];
    for (const file of [process.execPath, ...linked]) {
      const to = join(folder, 'root', file === process.execPath ? '/usr/bin/node' : file);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(file, to, { dereference: true });
    }
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nENV PATH=/usr/bin\nCOPY root /\n');
    // Its cleaner would be an image to pull.
    process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
    await testcontainers().GenericContainer.fromDockerfile(folder).build(image, { deleteOnExit: false });
    return image;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
