import badCertificate from '../../faults/bad-certificate.js';
import { defineScenario } from '../../harness/define.js';
import { type Certificate, selfSigned } from '../../harness/path/certificates.js';
import { CLIENT_NAMES, createRunTimeCa, VALID_DAYS } from '../../harness/path/run-time-ca.js';
import { openTlsFront } from '../../harness/path/tls-front.js';
import { protocolNamed } from '../../harness/protocol.js';
import type { ScenarioContext } from '../../harness/scenario.js';

const ARRIVE_MS = 60_000;
/** A handshake on loopback takes milliseconds; who has said nothing by then does not trust the certificate. */
const PATIENCE_MS = 10_000;
/** Long enough for a second try of a client that would make it without looking. */
const AGAIN_MS = 5000;
const EXPIRED = { from: -30, to: -1 };

/** One client after another, each told its protocol's scheme for TLS and the run's own CA: first a certificate that is in order, as the control. */
export default defineScenario({
  id: 'certificates',
  about:
    'the client is sent to wss:// or https:// with a good certificate, then with one self-signed, one expired, one for another name',
  role: 'client',
  lane: 'quiet',
  faults: ['bad-certificate'],
  windowMs: 6000 + 3 * (AGAIN_MS + 3000),
  async run(context) {
    const { authority, env } = context.defer(createRunTimeCa());
    context.phase('baseline');
    if (!(await visit(context, 'good', authority.issue(CLIENT_NAMES, VALID_DAYS), env))) return;
    context.phase('fault');
    await visit(context, 'self-signed', selfSigned(CLIENT_NAMES, VALID_DAYS), env);
    await visit(context, 'expired', authority.issue(CLIENT_NAMES, EXPIRED), env);
    await visit(context, 'wrong-name', authority.issue(['elsewhere.holdfast.test'], VALID_DAYS), env);
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
  await using front = await openTlsFront({ certificate, upstream, alpn: protocolNamed(context.target.protocol).alpn });
  await using gate = await context.openGate({ name: `certificate-${kind}`, to: front, tap: false });
  await using fault = kind === 'good' ? undefined : await context.inject(badCertificate, front, { kind }, kind);
  // To end at once is a way to refuse, once the good one has been taken.
  const settle = kind === 'good' ? {} : { settleMs: 0 };
  await using client = await context.startClient({ name: kind, gate, secure: true, env, ...settle });
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
