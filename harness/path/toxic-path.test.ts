import * as clock from '../clock.js';
import type { Gate } from '../contract.js';
import { watchLag } from './toxic-path.js';

type Open = { id: number; ended: boolean; downBytes: number };

/** Both gates by hand, and a clock that stands where it is put. */
function byHand() {
  let [nowMs, look] = [0, () => {}];
  jest.spyOn(clock, 'nowMs').mockImplementation(() => nowMs);
  jest.spyOn(clock, 'every').mockImplementation((_periodMs, act) => {
    look = act;
    return { [Symbol.dispose]: () => {} };
  });
  const [near, far]: [Open[], Open[]] = [[], []];
  const gate = (live: Open[]) => ({ live }) as unknown as Gate;
  return {
    near,
    far,
    watch: () => watchLag(gate(near), gate(far)),
    at(ms: number, connection?: Open, change?: Partial<Open>) {
      nowMs = ms;
      if (connection) Object.assign(connection, change);
      look();
    },
  };
}

const open = (id: number, downBytes = 0): Open => ({ id, ended: false, downBytes });

afterEach(() => jest.restoreAllMocks());

test('what arrives late is late by the time since it was seen behind Toxiproxy', () => {
  const { near, far, at, watch } = byHand();
  const [here, there] = [open(1, 100), open(1, 150)];
  near.push(here);
  far.push(there);
  const lag = watch();
  at(0);
  at(10, there, { downBytes: 200 });
  // What was on its way before the watch began tells of nothing.
  at(20, here, { downBytes: 150 });
  expect(lag.lagsMs).toEqual([]);
  at(310, here, { downBytes: 200 });
  expect(lag.lagsMs).toEqual([300]);
  expect(lag.heldMs).toBe(0);
});

test("a dropped connection's bytes are not taken for those of the next", () => {
  const { near, far, at, watch } = byHand();
  const [here, there] = [open(1, 100), open(1, 100)];
  near.push(here);
  far.push(there);
  const lag = watch();
  at(0);
  at(10, there, { downBytes: 900 });
  at(410, here, { ended: true });
  expect(lag.heldMs).toBe(400);
  const [next, beyond] = [open(2), open(2)];
  near.push(next);
  far.push(beyond);
  at(500, beyond, { downBytes: 60 });
  at(1500, next, { downBytes: 60 });
  expect(lag.lagsMs).toEqual([1000]);
});
