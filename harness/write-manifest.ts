import { writeFileSync } from 'node:fs';
import { loadCatalog } from './catalog.js';
import { MANIFEST_PATH, type Manifest } from './manifest.js';
import { protocolNamed } from './protocol.js';

/** Called by scripts/build.js. */
export function writeManifest(): void {
  const { checks, scenarios, protocols } = loadCatalog();
  const manifest: Manifest = {
    checks: checks.map(({ id, level, role, title, scenario }) => ({ id, level, role, title, scenario })),
    scenarios: scenarios.map(({ id, lane, recordsAs, windowMs }) => ({
      id,
      lane,
      windowMs,
      ...(recordsAs === undefined ? {} : { recordsAs }),
    })),
    protocols: protocols.map((id) => ({ id, schemes: protocolNamed(id).schemes })),
  };
  writeFileSync(MANIFEST_PATH, `${JSON.stringify(manifest, null, 2)}\n`);
}

if (require.main === module) writeManifest();
