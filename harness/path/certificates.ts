import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { wallMs } from '../clock.js';

/**
 * A certificate authority for one run, and what it issues (RFC 5280). Node signs and has the key in its DER form; what is
 * left is a nest of tagged lengths, so that no library is needed. Held against OpenSSL's strict verification by the test.
 */
export interface Certificate {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface Authority {
  readonly certPem: string;
  /** For these names and addresses, valid from and to so many days from now. */
  issue(names: readonly string[], days: { readonly from: number; readonly to: number }): Certificate;
}

interface Subject {
  readonly name: Buffer;
  readonly publicKey: KeyObject;
  readonly keyId: Buffer;
}

const DAY_MS = 86_400_000;
const OID = {
  commonName: '550403',
  ecdsaWithSha256: '2a8648ce3d040302',
  subjectKeyId: '551d0e',
  keyUsage: '551d0f',
  altName: '551d11',
  basicConstraints: '551d13',
  authorityKeyId: '551d23',
  extendedKeyUsage: '551d25',
  serverAuth: '2b06010505070301',
} as const;

export function createAuthority(commonName: string): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const self = subjectOf(commonName, keys.publicKey);
  const extensions = [
    extension('basicConstraints', sequence(TRUE), true),
    extension('keyUsage', bits(0x06, 1), true), // keyCertSign, cRLSign
  ];
  const certPem = certificate(self, { ...self, key: keys.privateKey }, { from: -1, to: 30 }, extensions);
  return {
    certPem,
    issue: (names, days) => leaf(names, days, { ...self, key: keys.privateKey }),
  };
}

/** Signed by nobody but itself. */
export function selfSigned(names: readonly string[], days: { readonly from: number; readonly to: number }) {
  return leaf(names, days, undefined);
}

function leaf(
  names: readonly string[],
  days: { readonly from: number; readonly to: number },
  issuer: (Subject & { readonly key: KeyObject }) | undefined,
): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const self = subjectOf(names[0] ?? '', publicKey);
  const extensions = [
    extension('basicConstraints', sequence(), true),
    extension('keyUsage', bits(0x80, 7), true), // digitalSignature
    extension('extendedKeyUsage', sequence(oid('serverAuth')), false),
    extension('altName', sequence(...names.map(generalName)), false),
  ];
  return {
    certPem: certificate(self, issuer ?? { ...self, key: privateKey }, days, extensions),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function certificate(
  subject: Subject,
  issuer: Subject & { readonly key: KeyObject },
  days: { readonly from: number; readonly to: number },
  extensions: readonly Buffer[],
): string {
  const algorithm = sequence(oid('ecdsaWithSha256'));
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))), // version 3
    // Positive and without a needless zero in front.
    tagged(0x02, Buffer.concat([Buffer.from([0x4f]), randomBytes(15)])),
    algorithm,
    issuer.name,
    sequence(time(days.from), time(days.to)),
    subject.name,
    subject.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(
      0xa3,
      sequence(
        ...extensions,
        extension('subjectKeyId', tagged(0x04, subject.keyId), false),
        extension('authorityKeyId', sequence(tagged(0x80, issuer.keyId)), false),
      ),
    ),
  );
  const signature = sign('sha256', body, issuer.key);
  const base64 = sequence(body, algorithm, bitString(signature, 0)).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?!$)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function subjectOf(commonName: string, publicKey: KeyObject): Subject {
  const name = sequence(tagged(0x31, sequence(oid('commonName'), tagged(0x0c, Buffer.from(commonName)))));
  return { name, publicKey, keyId: randomBytes(20) };
}

const TRUE = tagged(0x01, Buffer.from([0xff]));

function extension(id: keyof typeof OID, value: Buffer, critical: boolean): Buffer {
  return sequence(oid(id), ...(critical ? [TRUE] : []), tagged(0x04, value));
}

function generalName(name: string): Buffer {
  const version = isIP(name);
  if (version === 0) return tagged(0x82, Buffer.from(name));
  // Of IPv6 only the loopback address is ever needed.
  return tagged(
    0x87,
    version === 4 ? Buffer.from(name.split('.').map(Number)) : Buffer.from([...Array(15).fill(0), 1]),
  );
}

/** UTCTime, which is for years up to 2049. */
function time(days: number): Buffer {
  const text = new Date(wallMs() + days * DAY_MS).toISOString();
  return tagged(0x17, Buffer.from(`${text.slice(2, 19).replace(/[-:T]/g, '')}Z`));
}

function bits(value: number, unused: number): Buffer {
  return bitString(Buffer.from([value]), unused);
}

function bitString(content: Buffer, unused: number): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([unused]), content]));
}

function oid(name: keyof typeof OID): Buffer {
  return tagged(0x06, Buffer.from(OID[name], 'hex'));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}
