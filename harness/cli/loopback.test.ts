import { isLoopback, refuseUnfitUrls } from './loopback.js';

test.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'])('%s is this machine', (address) => {
  expect(isLoopback(address)).toBe(true);
});

test.each([
  '128.0.0.1',
  '10.0.0.1',
  '0.0.0.0',
  '192.0.2.1',
  '::',
  '::2',
  'fe80::1',
  '2001:db8::127:1',
  '::ffff:8.8.8.8',
  '::ffff:808:808',
])('%s is not', (address) => {
  expect(isLoopback(address)).toBe(false);
});

const spec = { stopSignal: 'SIGTERM', graceMs: 1, serialCopies: false, quietEnv: {}, pressureEnv: {} } as const;

test("a URL elsewhere is refused before anything is sent to it, unless it is the user's own", async () => {
  await expect(refuseUnfitUrls({ ...spec, url: 'ws://192.0.2.1:1/' }, false)).rejects.toMatchObject({
    code: 'NOT_LOOPBACK',
  });
  await expect(refuseUnfitUrls({ ...spec, url: 'ws://[2001:db8::1]:1/' }, false)).rejects.toMatchObject({
    code: 'NOT_LOOPBACK',
  });
  await expect(refuseUnfitUrls({ ...spec, readyUrl: 'http://192.0.2.1/' }, false)).rejects.toMatchObject({
    code: 'NOT_LOOPBACK',
  });
  await expect(refuseUnfitUrls({ ...spec, readyUrl: 'http://192.0.2.1/' }, true)).resolves.toBe(true);
});

test('nothing listening is told as such, for IPv6 and names too', async () => {
  for (const url of ['ws://127.0.0.1:1/', 'ws://[::1]:1/', 'ws://localhost:1/', 'ws://app.localhost:1/']) {
    await expect(refuseUnfitUrls({ ...spec, url }, false)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  }
});

test('a command has no URL to be refused, and a port of its own is filled in', async () => {
  await expect(
    refuseUnfitUrls({ ...spec, command: 'x', healthUrl: 'http://{host}:{port}/health' }, false),
  ).resolves.toBe(false);
  await expect(refuseUnfitUrls(undefined, false)).resolves.toBe(false);
});
