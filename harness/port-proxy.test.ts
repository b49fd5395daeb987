import type { Check, Finding } from './contract.js';
import { pass } from './finding.js';
import { viewOf } from './history.js';
import { PORT_PROXY, throughPortProxy } from './port-proxy.js';

const published = viewOf([
  { seq: 1, t: 0, scenario: 'shutdown', type: 'measure', name: PORT_PROXY, facts: { process: 'server-1' } },
]);
const direct = viewOf([]);
const finding: Finding = pass('said goodbye to each');
const byEnds = { byEnds: true } as Check;

it('a verdict on ends that were seen through a published port says so, and is less sure', () => {
  expect(throughPortProxy(byEnds, published, finding)).toMatchObject({
    outcome: 'pass',
    confidence: 'medium',
    actual: expect.stringMatching(/^said goodbye to each \(seen through a published port, .* FIN of a RST/),
  });
});

it('any other verdict stays as it is', () => {
  expect(throughPortProxy(byEnds, direct, finding)).toBe(finding);
  expect(throughPortProxy({} as Check, published, finding)).toBe(finding);
});
