import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { createAuthority, selfSigned } from './certificates.js';

const valid = { from: -1, to: 7 };
const names = ['127.0.0.1', '::1', 'localhost'];

/** What Node's TLS client says of a server that presents it; empty where it is content. */
async function said(certificate: { certPem: string; keyPem: string }, ca: string): Promise<string> {
  const server = createServer({ cert: certificate.certPem, key: certificate.keyPem });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, ca });
  try {
    return await new Promise((resolve) => {
      socket.once('secureConnect', () => resolve(''));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  } finally {
    socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

describe('an authority of our own', () => {
  const authority = createAuthority('Holdfast test CA');

  it('issues certificates that a client accepts who trusts it', async () => {
    expect(await said(authority.issue(names, valid), authority.certPem)).toBe('');
  });

  it('is refused by a client that does not trust it', async () => {
    const other = createAuthority('Another CA');
    expect(await said(authority.issue(names, valid), other.certPem)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  it('issues certificates that are wrong in just one way each', async () => {
    const { certPem } = authority;
    expect(await said(authority.issue(names, { from: -30, to: -1 }), certPem)).toBe('CERT_HAS_EXPIRED');
    expect(await said(authority.issue(['elsewhere.test'], valid), certPem)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await said(selfSigned(names, valid), certPem)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
  });

  it('names what it is asked to name', () => {
    const leaf = new X509Certificate(authority.issue(names, valid).certPem);
    expect(leaf.subjectAltName).toBe('IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:localhost');
    expect(leaf.checkIssued(new X509Certificate(authority.certPem))).toBe(true);
    expect(leaf.ca).toBe(false);
  });
});
