import type { ScenarioContext } from '../scenario.js';
import type { StartedServer } from '../target/server.js';
import { type Holder, livesOn } from '../target/sockets.js';

/** One that only served a connection which has just ended is gone by then. */
const SETTLE_MS = 500;

/** The processes that serve: of several, each must live on, not only the one that started them (CHECKLIST rule 23). */
export class Workers {
  private constructor(
    private readonly server: StartedServer,
    private readonly holders: readonly Holder[],
  ) {}

  static async of(context: ScenarioContext, server: StartedServer): Promise<Workers> {
    const holders = server.holders();
    await context.watch(SETTLE_MS);
    return new Workers(server, holders.filter(livesOn));
  }

  /** None where they can't be told. */
  get count(): number {
    return this.holders.length;
  }

  get died(): number {
    return this.holders.filter((holder) => !livesOn(holder)).length;
  }

  get alive(): boolean {
    return this.died === 0 && (this.server.process === undefined || this.server.alive());
  }
}
