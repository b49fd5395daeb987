import { loadCatalog } from './catalog.js';
import type { Target } from './contract.js';
import { learnArguments, learnEnvironment, learnSettings, publicTarget } from './secret-sources.js';
import { forgetSecrets, holdsSecret, isSecretName, keepSecret, redact, withoutSecrets } from './secrets.js';

afterEach(forgetSecrets);

test.each([
  'token',
  'access_token',
  'accessToken',
  'API_KEY',
  'x-api-key',
  'DB_PASSWORD',
  'sid',
  'sessionId',
  'Authorization',
  'client-secret',
])('%s names a secret', (name) => expect(isSecretName(name)).toBe(true));

test.each(['PWD_HINT', 'tokens_per_second', 'keyboard', 'author', 'room', 'last', 'QUIET', 'TERM_SESSION_KIND'])(
  '%s names none',
  (name) => expect(isSecretName(name)).toBe(false),
);

test('a secret is hidden in every form in which it may be written', () => {
  keepSecret('a"b c/d');
  const forms = [
    'a"b c/d',
    encodeURIComponent('a"b c/d'),
    JSON.stringify('a"b c/d'),
    Buffer.from('a"b c/d').toString('base64'),
  ];
  expect(redact(forms.join(' '))).not.toMatch(/b c|YSJi|%22b/);
  expect(holdsSecret(JSON.stringify({ text: 'a"b c/d' }))).toBe(true);
  expect(withoutSecrets({ 'a"b c/d': [1, 'see a"b c/d'] })).toEqual({ '[redacted]': [1, 'see [redacted]'] });
});

test.each([
  ['ws://me:pw@host/', 'ws://[redacted]@host/'],
  ['GET /feed?room=1&token=abc&x=2', 'GET /feed?room=1&token=[redacted]&x=2'],
  ['authorization: Bearer abc.def-ghi', 'authorization: Bearer [redacted]'],
  ['{"password":"x y","user":"me"}', '{"password":"[redacted]","user":"me"}'],
  ['set-cookie: a=b; Path=/', 'set-cookie: [redacted]'],
  ['AWS_SECRET_ACCESS_KEY=abc/def other', 'AWS_SECRET_ACCESS_KEY=[redacted] other'],
])('what a program says of its own is hidden by its shape: %s', (said, told) => expect(redact(said)).toBe(told));

test('a short secret hides no part of another word, and none that we judge by', () => {
  keepSecret('feed');
  expect(redact('feeder, feed')).toBe('feeder, [redacted]');
  expect(withoutSecrets({ scenario: 'feed', check: 'feed', text: 'feed' })).toEqual({
    scenario: 'feed',
    check: 'feed',
    text: '[redacted]',
  });
});

test('what stands for an id is no secret, and what our own texts say is none either', () => {
  learnArguments([
    'check',
    '--auth',
    'Origin: http://localhost',
    '--bad-auth',
    '?token=wrong',
    '--resume',
    '?token={id}',
  ]);
  learnEnvironment({ PWD: '/work/main', SSH_AUTH_SOCK: '/tmp/agent', HOME: '/root', GITHUB_TOKEN: 'true' });
  const { checks, scenarios, faults } = loadCatalog();
  const units = [...checks, ...scenarios, ...faults].map((unit) => JSON.parse(JSON.stringify(unit)) as { id: string });
  const changed = units.filter((unit) => JSON.stringify(withoutSecrets(unit)) !== JSON.stringify(unit));
  expect(changed.map(({ id }) => id)).toEqual([]);
  expect(redact('/work/main at {id} of http://localhost')).toBe('/work/main at {id} of http://localhost');
});

test('logins are hidden whole in a saved target, and it is still the same otherwise', () => {
  const slot = { in: 'query', name: 'token', value: 'ab' } as const;
  learnSettings({ auth: '?token=ab', server: 'node x.js --password=longenough' });
  const target: Target = {
    name: 't',
    protocol: 'websocket',
    roles: ['server'],
    path: '/feed',
    delivery: 'reliable',
    expect: {},
    severity: {},
    known: [],
    env: {},
    cwd: '/',
    insecure: false,
    auth: slot,
    resume: { in: 'query', name: 'last', value: '{id}' },
  };
  expect(publicTarget(target)).toEqual({ ...target, auth: { ...slot, value: '[redacted]' } });
  expect(redact('node x.js --password=longenough')).toBe('node x.js --password=[redacted]');
});
