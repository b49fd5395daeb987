import { after } from '../clock.js';
import type { Facts, GateConnection, Injection } from '../contract.js';
import { HarnessError, messageOf } from '../errors.js';
import type { Random } from '../random.js';
import type { HandFault } from './controls.js';
import type { Hand, Scope } from './hand.js';
import { perform, type Stage } from './subjects.js';

/** One thing done by hand, as the page and the prompt show it. */
export interface ActFacts {
  readonly act: number;
  readonly fault: string;
  readonly params: Facts;
  readonly scope: Scope;
  readonly state: 'scheduled' | 'in force' | 'healing';
  /** Who asked for it: a page that dies heals what it did. */
  readonly by: string;
  /** Times that are still to come. */
  readonly left: number;
}

interface Act {
  readonly hand: Hand;
  readonly by: string;
  left: number;
  injection: Injection | undefined;
  who: string;
  readonly timers: Set<Disposable>;
}

function fresh(): Pick<Act, 'injection' | 'who' | 'timers'> {
  return { injection: undefined, who: '', timers: new Set() };
}

/** Of the connections that are there, one by its place among them: how a scenario names it again. */
export type Place = Scope | { readonly nth: number };

/**
 * Faults by hand: now, later, again and again, until healed. All of it stands in the history as the measure `act`, from which
 * a scenario is made that does the same again.
 */
export class Hands {
  private readonly acts = new Map<number, Act>();
  private count = 0;
  private injections = 0;
  /** One after another: what a second one finds is what the first has left. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly stage: Stage,
    private readonly faults: ReadonlyMap<string, HandFault>,
    private readonly onChange: () => void = () => undefined,
  ) {}

  get inForce(): readonly ActFacts[] {
    return [...this.acts].map(([act, { hand, by, left, injection }]) => ({
      act,
      fault: hand.fault,
      params: hand.params,
      scope: hand.scope,
      state: injection ? 'in force' : left > 0 ? 'scheduled' : 'healing',
      by,
      left,
    }));
  }

  /** Resolves when it is in force, or scheduled where it is for later. */
  async inject(hand: Hand, by: string): Promise<number> {
    this.count += 1;
    const number = this.count;
    const act: Act = { ...fresh(), hand, by, left: hand.times };
    this.acts.set(number, act);
    this.onChange();
    for (let i = 0; i < hand.times; i++) {
      const inMs = hand.inMs + i * hand.everyMs;
      if (inMs > 0)
        this.later(act, inMs, () => void this.once(number, act, hand.scope).catch((error) => this.tell(error)));
    }
    if (hand.inMs === 0) await this.once(number, act, hand.scope);
    return number;
  }

  /** Of a scenario that does again what was done by hand. */
  async replay(number: number, left: number, hand: Hand, place: Place): Promise<void> {
    const act: Act = { ...(this.acts.get(number) ?? fresh()), hand, by: 'replay', left: left + 1 };
    this.acts.set(number, act);
    await this.once(number, act, place);
  }

  /** All where none is named; resolves to how many were healed. */
  heal(which: (act: number, by: string) => boolean = () => true): Promise<number> {
    const chosen = [...this.acts].filter(([act, { by }]) => which(act, by));
    // What is still to come does not come any more, at once.
    for (const [, { timers }] of chosen) for (const timer of timers) timer[Symbol.dispose]();
    return this.inTurn(async () => {
      for (const [number, act] of chosen.toReversed()) await this.end(number, act);
      return chosen.length;
    });
  }

  private async once(number: number, act: Act, place: Place): Promise<void> {
    await this.inTurn(async () => {
      if (!this.acts.has(number)) return;
      act.left -= 1;
      try {
        await this.begin(number, act, place);
      } catch (error) {
        if (act.left <= 0) this.acts.delete(number);
        throw error;
      } finally {
        this.onChange();
      }
    });
  }

  private async begin(number: number, act: Act, place: Place): Promise<void> {
    const { context, gate } = this.stage;
    const { fault, params, forMs } = act.hand;
    const unit = this.faults.get(fault);
    if (!unit) throw new HarnessError('NO_FAULT', `there is no fault "${fault}" by hand`);
    await this.undo(number, act);
    const random = context.random.fork(`act ${number}.${act.left}`);
    const live = gate.live.filter(({ ended }) => !ended);
    const { chosen, covers, facts } = choose(live, place, random);
    context.measure('act', {
      act: number,
      what: 'inject',
      fault,
      left: act.left,
      by: act.by,
      ...facts,
      ...prefixed(params),
    });
    this.injections += 1;
    act.who = `${fault}-${this.injections}`;
    const task = { fault: unit, params, who: act.who, chosen, covers };
    act.injection = await perform(this.stage, task);
    this.stage.witness.begun(task);
    if (unit.byHand.instant) await this.undo(number, act, false);
    else if (forMs !== undefined)
      this.later(act, forMs, () => void this.inTurn(() => this.undo(number, act)).then(this.onChange));
    if (!act.injection && act.left <= 0) this.acts.delete(number);
  }

  private async undo(number: number, act: Act, tell = true): Promise<void> {
    const { injection } = act;
    if (!injection) return;
    act.injection = undefined;
    this.stage.witness.over(act.who);
    if (tell) this.stage.context.measure('act', { act: number, what: 'heal', fault: act.hand.fault });
    try {
      await injection.heal();
    } catch (error) {
      this.tell(error);
    }
    if (act.left <= 0) this.acts.delete(number);
  }

  private async end(number: number, act: Act): Promise<void> {
    for (const timer of act.timers) timer[Symbol.dispose]();
    act.left = 0;
    await this.undo(number, act);
    this.acts.delete(number);
    this.onChange();
  }

  private later(act: Act, ms: number, action: () => void): void {
    const timer = after(ms, () => {
      act.timers.delete(timer);
      action();
    });
    act.timers.add(timer);
  }

  private tell(error: unknown): void {
    this.stage.context.obstacle('ACT_FAILED', messageOf(error));
    this.onChange();
  }

  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(action);
    this.turn = mine.catch(() => undefined);
    return mine;
  }
}

function choose(live: readonly GateConnection[], place: Place, random: Random) {
  if (place === 'all') return { chosen: live, covers: () => true, facts: { scope: 'all' } };
  if ('share' in place) {
    const { share } = place;
    const size = Math.min(live.length, Math.max(1, Math.round(share * live.length)));
    const drawn = live.map((one) => ({ one, at: random.next() })).sort((a, b) => a.at - b.at);
    const known = new WeakMap<GateConnection, boolean>();
    const covers = (newcomer: GateConnection) => {
      const is = known.get(newcomer) ?? random.next() < share;
      known.set(newcomer, is);
      return is;
    };
    return { chosen: drawn.slice(0, size).map(({ one }) => one), covers, facts: { scope: 'share', share } };
  }
  const nth = 'nth' in place ? place.nth : live.findIndex(({ id }) => id === place.conn);
  const one = live[nth];
  if (!one) {
    throw new HarnessError(
      'NO_CONNECTION',
      'conn' in place ? `connection ${place.conn} is not open` : `there are ${live.length} connections, not ${nth + 1}`,
    );
  }
  return { chosen: [one], covers: () => false, facts: { scope: 'one', conn: one.id, nth } };
}

function prefixed(params: Facts): Facts {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [`param.${name}`, value]));
}
