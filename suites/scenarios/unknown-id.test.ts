import { createRandom } from '../../harness/random.js';
import { unknownId } from './unknown-id.js';

test.each([
  ['482113094', /^483113094$/],
  ['0057', /^1000057$/],
  ['9007199254740993', /^9007199255740993$/],
  ['01J8ZQ4KABCDEF0000000000AB', /^00[0-9A-HJKMNP-TV-Z]{24}$/],
  ['1700000000-3', /^0\d{9}-\d$/],
  ['msg_8f3k', /^msg_0[0-9a-z]{3}$/],
  ['f47ac10b-58cc-4372-a567-0e02b2c3d479', /^0[0-9a-f]{7}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/],
  ['{"a":57,"b":31}', /^\{"a":1000057,"b":1000031\}$/],
])('an id of the same make as %s that was never given', (known, make) => {
  const unknown = unknownId(known, createRandom(1));
  expect(unknown).toMatch(make);
  expect(unknown).not.toBe(known);
});
