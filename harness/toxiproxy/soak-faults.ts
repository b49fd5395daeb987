import { delay, nowMs } from '../clock.js';
import type { ProxyHandle, ToxicSpec } from '../path/toxiproxy.js';
import type { Random } from '../random.js';

/** Those that may lose bytes: what they, or their removal, close is not delivered. */
const LOSSY = new Set(['timeout', 'reset_peer', 'limit_data']);
const MOST_TOXICS = 4;

/** Disturbs one proxy at random, and remembers when a connection may have lost something by it. */
export class Disturber {
  readonly counts = new Map<string, number>();
  private toxics: { readonly name: string; readonly spec: ToxicSpec }[] = [];
  private named = 0;
  private lossyNow = 0;
  private lossyAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly proxy: ProxyHandle,
    private readonly random: Random,
  ) {}

  /** Whether a connection of that age may lack bytes at its end. */
  excuses(openedAtMs: number): boolean {
    return this.lossyNow > 0 || this.lossyAtMs >= openedAtMs;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(this.random.integer(100, 1500));
      await this.once();
    }
    await this.heal();
  }

  private async once(): Promise<void> {
    const dice = this.random.next();
    if (dice < 0.45 && this.toxics.length < MOST_TOXICS) await this.add();
    else if (dice < 0.6) await this.update();
    else if (dice < 0.96) await this.remove(this.random.integer(0, MOST_TOXICS - 1));
    else await this.bounce();
  }

  private async add(): Promise<void> {
    const name = `t${this.named++}`;
    const spec = randomToxic(this.random);
    if (LOSSY.has(spec.type)) this.lossyNow++;
    this.toxics.push({ name, spec });
    await this.proxy.addToxic({ ...spec, name });
    this.count(spec.type);
  }

  private async update(): Promise<void> {
    const one = this.toxics[0];
    if (!one) return;
    await this.proxy.updateToxic(one.name, { attributes: one.spec.attributes ?? {} });
    this.count('update');
  }

  private async remove(index: number): Promise<void> {
    const one = this.toxics[index];
    if (!one) return;
    await this.proxy.removeToxic(one.name);
    this.toxics = this.toxics.filter((other) => other !== one);
    if (LOSSY.has(one.spec.type)) {
      this.lossyNow--;
      this.lossyAtMs = nowMs();
    }
    this.count('remove');
  }

  /** Disabled: the listener and every connection are closed. */
  private async bounce(): Promise<void> {
    this.lossyNow++;
    await this.proxy.setEnabled(false);
    await delay(this.random.integer(0, 300));
    await this.proxy.setEnabled(true);
    this.lossyNow--;
    this.lossyAtMs = nowMs();
    this.count('disable');
  }

  private async heal(): Promise<void> {
    while (this.toxics.length > 0) await this.remove(0);
  }

  private count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

function randomToxic(random: Random): ToxicSpec {
  const one = <T>(...choices: readonly T[]) => choices[random.integer(0, choices.length - 1)] as T;
  const kinds: readonly (() => Pick<ToxicSpec, 'type' | 'attributes'>)[] = [
    () => ({ type: 'latency', attributes: { latency: random.integer(0, 400), jitter: random.integer(0, 400) } }),
    () => ({ type: 'latency', attributes: { latency: random.integer(0, 50), jitter: 0 } }),
    () => ({ type: 'bandwidth', attributes: { rate: random.integer(5, 500) } }),
    () => ({
      type: 'slicer',
      attributes: {
        average_size: random.integer(100, 2000),
        size_variation: random.integer(0, 100),
        delay: random.integer(0, 2000),
      },
    }),
    () => ({ type: 'slow_close', attributes: { delay: random.integer(0, 2000) } }),
    () => ({ type: 'noop', attributes: {} }),
    () => ({ type: 'timeout', attributes: { timeout: one(0, 200, 2000) } }),
    () => ({ type: 'reset_peer', attributes: { timeout: random.integer(0, 1000) } }),
    () => ({ type: 'limit_data', attributes: { bytes: random.integer(0, 60_000) } }),
  ];
  // The lossy ones, the last three, less often: what they touch proves less.
  const kind = random.next() < 0.12 ? one(...kinds.slice(-3)) : one(...kinds.slice(0, -3));
  const toxic = kind();
  // A toxic that drops, and whose dice fall anew because a neighbour is added, leaves a hole in the stream: so does the
  // original (TOXIPROXY.md 2.3), but a hole by a fault could not be told from one by a mistake.
  const toxicity = LOSSY.has(toxic.type) ? 1 : one(0.3, 1, 1);
  return { ...toxic, stream: one('upstream', 'downstream'), toxicity };
}
