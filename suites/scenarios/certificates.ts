import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import badCertificate from '../../faults/bad-certificate.js';
import { defineScenario } from '../../harness/define.js';
import { type Certificate, createAuthority, selfSigned } from '../../harness/path/certificates.js';
import { openTlsFront } from '../../harness/path/tls-front.js';
import type { ScenarioContext } from '../../harness/scenario.js';

const ARRIVE_MS = 60_000;
/** A handshake on loopback takes milliseconds; who has said nothing by then does not trust the certificate. */
const PATIENCE_MS = 10_000;
/** Long enough for a second try of a client that would make it without looking. */
const AGAIN_MS = 5000;
/** What the client dials, in all the forms it may be checked in. */
const NAMES = ['127.0.0.1', '::1', 'localhost'];
const VALID = { from: -1, to: 30 };
const EXPIRED = { from: -30, to: -1 };

/** One client after another, each told wss:// and the run's own CA: first a certificate that is in order, as the control. */
export default defineScenario({
  id: 'certificates',
  about:
    'the client is sent to wss:// with a good certificate, then with one self-signed, one expired, one for another name',
  role: 'client',
  lane: 'quiet',
  faults: ['bad-certificate'],
  windowMs: 6000 + 3 * (AGAIN_MS + 3000),
  async run(context) {
    const authority = createAuthority('Holdfast run-time CA');
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-ca-'));
    context.defer({ [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) });
    const caFile = join(folder, 'ca.pem');
    const bundleFile = join(folder, 'bundle.pem');
    writeFileSync(caFile, authority.certPem);
    // It replaces a client's own list: whoever else it talks to must still be trusted.
    writeFileSync(bundleFile, [authority.certPem, ...rootCertificates].join('\n'));
    const env = { NODE_EXTRA_CA_CERTS: caFile, SSL_CERT_FILE: bundleFile };
    context.phase('baseline');
    if (!(await visit(context, 'good', authority.issue(NAMES, VALID), env))) return;
    context.phase('fault');
    await visit(context, 'self-signed', selfSigned(NAMES, VALID), env);
    await visit(context, 'expired', authority.issue(NAMES, EXPIRED), env);
    await visit(context, 'wrong-name', authority.issue(['elsewhere.holdfast.test'], VALID), env);
  },
});

/** True once the client has sent its request through TLS. */
async function visit(
  context: ScenarioContext,
  kind: string,
  certificate: Certificate,
  env: Readonly<Record<string, string>>,
): Promise<boolean> {
  // Any server will do: what counts is whether the client says anything to it.
  const upstream = await context.startReference();
  await using front = await openTlsFront({ certificate, upstream });
  await using gate = await context.openGate({ name: `certificate-${kind}`, to: front, tap: false });
  await using fault = kind === 'good' ? undefined : await context.inject(badCertificate, front, { kind }, kind);
  await using client = await context.startClient({ name: kind, gate, scheme: 'wss', env });
  const over = () => front.trustedBytes > 0 || client.process.exit !== undefined;
  await context.watch(ARRIVE_MS, () => gate.accepted > 0 || over());
  await context.watch(PATIENCE_MS, () => front.shown + front.plain > 0 || over());
  const patienceMs = kind === 'good' ? PATIENCE_MS : context.ms(AGAIN_MS);
  await context.watch(patienceMs, () => front.trustedBytes > 0);
  const { shown, trustedBytes, plain, refusal = null } = front;
  const exited = client.process.exit !== undefined;
  context.measure('certificate', { kind, came: gate.accepted, shown, trustedBytes, plain, refusal, exited });
  await fault?.heal();
  return trustedBytes > 0;
}
