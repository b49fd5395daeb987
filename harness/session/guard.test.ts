import { type Asked, HEADERS, placeOf, refuse } from './guard.js';

const own = { token: 'secret-token-of-a-session', port: 4711 };
const good: Asked = {
  method: 'GET',
  url: '/secret-token-of-a-session/api/state',
  headers: { host: '127.0.0.1:4711' },
  remoteAddress: '127.0.0.1',
};
const status = (asked: Partial<Asked>) => refuse({ ...good, ...asked }, own)?.status;
const withHeaders = (headers: Asked['headers']) => status({ headers: { ...good.headers, ...headers } });

describe('the guard of a session', () => {
  it('lets in who has the address', () => {
    expect(status({})).toBeUndefined();
    expect(withHeaders({ host: 'localhost:4711', origin: 'http://localhost:4711' })).toBeUndefined();
    expect(withHeaders({ 'sec-fetch-site': 'none' })).toBeUndefined();
  });

  it('answers no name that an attacker made lead here (DNS rebinding)', () => {
    for (const host of [
      'evil.example:4711',
      '127.0.0.1.evil.example:4711',
      '127.0.0.1:80',
      '127.0.0.1',
      '',
      'localhost.evil.example:4711',
    ])
      expect(withHeaders({ host })).toBe(421);
    expect(status({ headers: {} })).toBe(421);
  });

  it('answers no page of another site, nor one without an origin', () => {
    for (const origin of [
      'https://evil.example',
      'null',
      'http://127.0.0.1:4712',
      'https://127.0.0.1:4711',
      'http://localhost:4711',
    ])
      expect(withHeaders({ origin })).toBe(403);
    for (const site of ['cross-site', 'same-site']) expect(withHeaders({ 'sec-fetch-site': site })).toBe(403);
  });

  it('answers no other machine', () => {
    for (const remoteAddress of ['192.168.1.5', '10.0.0.1', 'fe80::1', undefined])
      expect(status({ remoteAddress })).toBe(403);
    expect(status({ remoteAddress: '::ffff:127.0.0.1' })).toBeUndefined();
  });

  it('knows nobody without the whole token, and says so in the words for a page that does not exist', () => {
    const urls = [
      '/',
      '/api/state',
      '//api/state',
      '/secret-token-of-a-sessio/',
      '/secret-token-of-a-sessionx/',
      '/SECRET-TOKEN-OF-A-SESSION/',
      '/x?t=/secret-token-of-a-session/',
      '/../secret-token-of-a-session/',
    ];
    for (const url of urls) expect(refuse({ ...good, url }, own)).toEqual({ status: 404, reason: 'not found' });
  });

  it('takes from a form or a simple request nothing that changes anything', () => {
    const post = (type?: string) =>
      status({ method: 'POST', headers: { ...good.headers, ...(type ? { 'content-type': type } : {}) } });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', undefined])
      expect(post(type)).toBe(415);
    expect(post('application/json; charset=utf-8')).toBeUndefined();
    for (const method of ['OPTIONS', 'PUT', 'DELETE', 'HEAD', 'TRACE']) expect(status({ method })).toBe(405);
  });

  it('allows no script, style or connection from elsewhere, and no frame around it', () => {
    expect(HEADERS['content-security-policy']).toContain("default-src 'none'");
    expect(HEADERS['content-security-policy']).not.toMatch(/unsafe|http:|https:|\*/);
    expect(HEADERS).toMatchObject({
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
    });
    expect(Object.keys(HEADERS).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('reads what follows the token', () => {
    expect(placeOf('/t/api/events?after=7')).toMatchObject({ path: 'api/events' });
    expect(placeOf('/t/').path).toBe('');
  });
});
