import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { md, pki } from 'node-forge';
import { wallMs } from '../clock.js';

/** A certificate authority for one run, and what it issues (RFC 5280). */
export interface Certificate {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface Authority {
  readonly certPem: string;
  /** For these names and addresses, valid from and to so many days from now. */
  issue(names: readonly string[], days: Days): Certificate;
}

interface Days {
  readonly from: number;
  readonly to: number;
}

interface Issuer {
  readonly name: pki.CertificateField[];
  readonly keyId: string;
  readonly key: pki.rsa.PrivateKey;
}

interface Request {
  readonly commonName: string;
  readonly days: Days;
  readonly extensions: readonly object[];
  /** Nobody: it signs itself. */
  readonly issuer?: Issuer | undefined;
}

const DAY_MS = 86_400_000;

export function createAuthority(commonName: string): Authority {
  const { certPem, self } = certify({
    commonName,
    days: { from: -1, to: 30 },
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { certPem, issue: (names, days) => leaf(names, days, self) };
}

/** Signed by nobody but itself. */
export function selfSigned(names: readonly string[], days: Days): Certificate {
  return leaf(names, days);
}

function leaf(names: readonly string[], days: Days, issuer?: Issuer): Certificate {
  const { certPem, keyPem } = certify({
    commonName: names[0] ?? '',
    days,
    issuer,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      // Of either side: a server may ask its clients for theirs.
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: names.map(altName) },
    ],
  });
  return { certPem, keyPem };
}

function certify({ commonName, days, extensions, issuer }: Request): Certificate & { readonly self: Issuer } {
  // Node makes the keys: the library would take seconds.
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const key = pki.privateKeyFromPem(keyPem);
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.setRsaPublicKey(key.n, key.e);
  const keyId = certificate.generateSubjectKeyIdentifier().getBytes();
  const name = [{ name: 'commonName', value: commonName }];
  const self = { name, keyId, key };
  const by = issuer ?? self;
  // Positive and without a needless zero in front.
  certificate.serialNumber = `4f${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = new Date(wallMs() + days.from * DAY_MS);
  certificate.validity.notAfter = new Date(wallMs() + days.to * DAY_MS);
  certificate.setSubject(name);
  certificate.setIssuer(by.name);
  certificate.setExtensions([
    ...extensions,
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: by.keyId },
  ]);
  certificate.sign(by.key, md.sha256.create());
  return { certPem: pki.certificateToPem(certificate), keyPem, self };
}

/** A dNSName or an iPAddress [RFC 5280 4.2.1.6]. */
function altName(name: string): object {
  return isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name };
}
