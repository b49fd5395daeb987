import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { makeOwnFolder } from '../target/own-folder.js';
import { type Authority, createAuthority } from './certificates.js';

/** What a client dials, in all the forms in which it may look for it in a certificate. */
export const CLIENT_NAMES = ['127.0.0.1', '::1', 'localhost', '*.holdfast.test'];
export const VALID_DAYS = { from: -1, to: 30 };

/** The authority of one scenario, and the environment in which a client trusts it (DESIGN section 3). */
export interface RunTimeCa extends Disposable {
  readonly authority: Authority;
  readonly env: Readonly<Record<string, string>>;
}

export function createRunTimeCa(): RunTimeCa {
  const authority = createAuthority('Holdfast run-time CA');
  const folder = makeOwnFolder('ca');
  const caFile = join(folder, 'ca.pem');
  const bundleFile = join(folder, 'bundle.pem');
  writeFileSync(caFile, authority.certPem);
  // It replaces a client's own list: whoever else it talks to must still be trusted.
  writeFileSync(bundleFile, [authority.certPem, ...rootCertificates].join('\n'));
  return {
    authority,
    env: { NODE_EXTRA_CA_CERTS: caFile, SSL_CERT_FILE: bundleFile, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: bundleFile },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
