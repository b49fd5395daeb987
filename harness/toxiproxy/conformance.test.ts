import { HarnessError } from '../errors.js';
import { isRequired } from '../programs.js';
import { closingCases } from './conformance.test.closing-cases.js';
import { endingToxicCases } from './conformance.test.ending-toxic-cases.js';
import { httpCases } from './conformance.test.http-cases.js';
import { Rig } from './conformance.test.rig.js';
import { toxicCases } from './conformance.test.toxic-cases.js';
import { findRealServer } from './find.js';
import { type ServerProcess, startEmbeddedProcess, startRealServer } from './server-process.js';

/** TOXIPROXY.md section 6 against both servers: verdicts must not depend on which one a machine has. */
const cases = [...httpCases, ...closingCases, ...endingToxicCases, ...toxicCases].sort((one, other) =>
  one.id.localeCompare(other.id),
);
const binary = findRealServer();

// Both cores busy, one case in some 500 sees a process stall for half a second. A second failure is the server's; the first is
// told all the same.
jest.retryTimes(1, { logErrorsBeforeRetry: true });

const engines = [
  { kind: 'embedded' as const, start: () => startEmbeddedProcess(42, ['--proxy-metrics']) },
  {
    kind: 'toxiproxy' as const,
    start: () => {
      if (binary) return startRealServer(binary, ['-proxy-metrics']);
      throw new HarnessError(
        'ENGINE',
        'HOLDFAST_REQUIRE asks for toxiproxy, and there is no toxiproxy-server on the PATH',
      );
    },
  },
];

describe.each(engines)('the $kind server', ({ kind, start }) => {
  if (kind === 'toxiproxy' && !binary && !isRequired('toxiproxy')) {
    it.skip('is not on this machine: put toxiproxy-server 2.12.0 on the PATH', () => undefined);
    return;
  }
  let server: ServerProcess | undefined;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it.each(cases)('$id $title', async ({ run }) => {
    await using rig = new Rig(server?.url ?? '', kind);
    await run(rig);
  });
});

it('has every case of the specification once', () => {
  const ids = Array.from({ length: 42 }, (_, index) => `D${String(index + 1).padStart(2, '0')}`);
  expect(cases.map((one) => one.id)).toEqual(ids);
});
