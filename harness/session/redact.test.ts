import type { EventBody } from '../contract.js';
import { redactEvent } from './redact.js';

test('a session keeps no number of a query or a header, which may be a PIN; a cursor stays', () => {
  const fields = {
    '?pin': { hash: 'h', length: 4, number: 1234 },
    'last-event-id': { hash: 'i', length: 1, number: 7 },
  };
  const event: EventBody = { type: 'handshake', gate: 'session', conn: 1, dir: 'up', fields };
  expect(redactEvent(event)).toMatchObject({
    fields: { '?pin': { hash: 'h', length: 4 }, 'last-event-id': { number: 7 } },
  });
  expect(JSON.stringify(redactEvent(event))).not.toContain('1234');
});
