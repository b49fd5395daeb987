import type { Door, Gate, GateConnection } from '../contract.js';
import { HarnessError } from '../errors.js';

type OpenDoor = Exclude<Door, { kind: 'closed' }>;

export interface Rule {
  covers(newcomer: GateConnection): boolean;
  readonly door?: OpenDoor | undefined;
  onCome?(newcomer: GateConnection): void;
}

/** What becomes of newcomers while faults by hand are in force; of two doors the later one holds. */
export class Admissions {
  private readonly rules: Rule[] = [];

  readonly admit = (newcomer: GateConnection): OpenDoor | undefined => {
    let door: OpenDoor | undefined;
    for (const rule of this.rules.toReversed()) {
      if (!rule.covers(newcomer)) continue;
      door ??= rule.door;
      rule.onCome?.(newcomer);
    }
    return door;
  };

  /** Gives what takes it back. */
  add(rule: Rule): () => void {
    this.rules.push(rule);
    return () => {
      const at = this.rules.indexOf(rule);
      if (at >= 0) this.rules.splice(at, 1);
    };
  }
}

/** A part of a gate, for faults that act on a gate: those that are there and chosen, and those that come and are covered. */
export function partOf(
  gate: Gate,
  admissions: Admissions,
  chosen: readonly GateConnection[],
  covers: (newcomer: GateConnection) => boolean,
): Gate {
  // Weak: while a fault is in force clients may come and go without an end.
  const members = new WeakSet(chosen);
  let last = gate.accepted;
  let unset: () => void = () => undefined;
  let closed = false;
  const hung = new WeakSet<GateConnection>();
  const leave = admissions.add({
    covers,
    onCome: (newcomer) => {
      members.add(newcomer);
      last = newcomer.id;
    },
  });
  const live = () => gate.live.filter((one) => members.has(one));
  const each = (act: (one: GateConnection) => void) => {
    const all = live();
    for (const one of all) act(one);
    return all.length;
  };
  const whole = () => live().length === gate.live.length;
  return {
    name: gate.name,
    host: gate.host,
    port: gate.port,
    get live() {
      return live();
    },
    get accepted() {
      return last;
    },
    // Of the whole gate: where two doors are shut, either may have been met.
    get turnedAway() {
      return gate.turnedAway;
    },
    async setDoor(door) {
      unset();
      unset = () => undefined;
      // The listener is everybody's: who has closed it opens it again, and nobody else.
      if (door.kind === 'closed' || closed) await gate.setDoor(door.kind === 'closed' ? door : { kind: 'open' });
      closed = door.kind === 'closed';
      if (door.kind === 'open' || door.kind === 'closed') return;
      const onCome = door.kind === 'hang' ? (newcomer: GateConnection) => void hung.add(newcomer) : () => undefined;
      unset = admissions.add({ covers, door, onCome });
    },
    resetAll: () => (whole() ? gate.resetAll() : each((one) => one.reset())),
    endAll: () => each((one) => one.end()),
    setUpstream: () => refuse(),
    moveTo: () => refuse(),
    [Symbol.asyncDispose]: async () => {
      unset();
      leave();
      // Nobody would ever answer them: healed, a client must not have to wait for its own patience to end.
      for (const one of gate.live) if (hung.has(one) && !one.ended) one.reset();
    },
  };
}

function refuse(): never {
  throw new HarnessError('NOT_BY_HAND', 'no fault by hand moves the gate');
}
