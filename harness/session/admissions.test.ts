import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { waitFor } from '../clock.js';
import type { Gate, GateConnection } from '../contract.js';
import { Admissions, partOf } from './admissions.js';

it('a fault in force holds nobody who has left, however many came', async () => {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;
  const admissions = new Admissions();
  const gate = { name: 'session', live: [], accepted: 0, turnedAway: 0 } as unknown as Gate;
  const part = partOf(gate, admissions, [], () => true);
  await part.setDoor({ kind: 'hang' });
  const come = (id: number) => {
    const newcomer = { id, ended: true } as GateConnection;
    expect(admissions.admit(newcomer)).toEqual({ kind: 'hang' });
    return new WeakRef(newcomer);
  };
  const came = Array.from({ length: 100 }, (_, id) => come(id));
  const gone = () => {
    collect();
    return came.filter((one) => one.deref() === undefined).length >= 99 || undefined;
  };
  expect(await waitFor(gone, 5000)).toBe(true);
  expect(part.accepted).toBe(99);
  await part[Symbol.asyncDispose]();
});
