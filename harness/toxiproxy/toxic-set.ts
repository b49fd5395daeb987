import type { Connection } from './connection.js';
import type { Attributes, Toxic, ToxicKind } from './toxic.js';

type Direction = Toxic['direction'];

export interface NewToxic {
  readonly kind: ToxicKind;
  readonly name: string;
  readonly stream: string;
  readonly direction: Direction;
  readonly toxicity: number;
  readonly attributes: Attributes;
}

/** The toxics of one proxy, in order of creation a direction, and their changes to its live connections. */
export class ToxicSet {
  private readonly chains: Record<Direction, Toxic[]> = { upstream: [], downstream: [] };
  private readonly pastBites = new WeakMap<Toxic, number>();
  private serial = 0;

  constructor(private readonly connections: ReadonlySet<Connection>) {}

  of(direction: Direction): readonly Toxic[] {
    return this.chains[direction];
  }

  /** All upstream ones first. */
  all(): readonly Toxic[] {
    return [...this.chains.upstream, ...this.chains.downstream];
  }

  get(name: string): Toxic | undefined {
    return this.all().find((toxic) => toxic.name === name);
  }

  /** At the end of its direction's chain; there is no reordering. */
  add(fields: NewToxic): Toxic {
    const toxic: Toxic = { ...fields, serial: this.serial++ };
    this.chains[toxic.direction].push(toxic);
    for (const connection of this.connections) connection.link(toxic.direction).addToxic(toxic);
    return toxic;
  }

  /** To be called after each change of a toxic's fields. */
  changed(toxic: Toxic): void {
    for (const connection of this.connections) connection.link(toxic.direction).updateToxic(toxic);
  }

  remove(toxic: Toxic): void {
    const chain = this.chains[toxic.direction];
    chain.splice(chain.indexOf(toxic), 1);
    for (const connection of this.connections) connection.link(toxic.direction).removeToxic(toxic);
  }

  clear(): void {
    for (const toxic of this.all()) this.remove(toxic);
  }

  /** How often the toxic acted on a connection, on those that have ended too: some act by ending one. */
  bitesOf(toxic: Toxic): number {
    let bites = this.pastBites.get(toxic) ?? 0;
    for (const connection of this.connections) bites += connection.link(toxic.direction).bitesOf(toxic);
    return bites;
  }

  /** A connection has ended: keeps what its toxics did. */
  remember(connection: Connection): void {
    for (const toxic of this.all()) {
      const bites = connection.link(toxic.direction).bitesOf(toxic);
      if (bites > 0) this.pastBites.set(toxic, (this.pastBites.get(toxic) ?? 0) + bites);
    }
  }
}
