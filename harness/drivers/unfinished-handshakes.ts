import { every, nowMs } from '../clock.js';
import { protocolNamed } from '../protocol.js';
import type { ScenarioContext } from '../scenario.js';
import type { StartedServer } from '../target/server.js';
import { openRaw, type RawConnection } from './raw-connection.js';
import { sourceHostOf } from './source-host.js';

const OPEN_MS = 3000;
const BATCH = 50;
/** Of four, one goes on for ever: a header line now and then, the end never (Slowloris). */
const DRIPPING_OF = 4;
const DRIP_MS = 5000;
/** The first lines of a request and the header that is never whole. */
const LINES = 3;
const DRIP = 'X-Drip';
/** Of a handshake without headers this much is sent, and then, where one drips, a byte at a time. */
const PART_BYTES = 8;

/** Clients that begin a handshake and never finish it: most fall silent in the middle of a header, some drip on. */
export class UnfinishedHandshakes implements Disposable {
  private readonly silent: RawConnection[] = [];
  private readonly dripping: RawConnection[] = [];
  private drip: Disposable | undefined;

  constructor(
    private readonly context: ScenarioContext,
    private readonly server: StartedServer,
  ) {}

  /** Resolves to how many stand. */
  async open(count: number): Promise<number> {
    const { target } = this.context;
    const lines = protocolNamed(target.protocol).handshakeLines(target, { to: this.server });
    const whole = [...lines, '', ''].join('\r\n');
    const headers = lines.length > LINES;
    const half = headers ? `${lines.slice(0, LINES).join('\r\n')}\r\n${DRIP}` : whole.slice(0, PART_BYTES);
    let sent = half.length;
    for (let begun = 0; begun < count; begun += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, count - begun) }, (_, i) => this.begin(begun + i, half));
      await Promise.all(batch);
    }
    this.drip = every(this.context.ms(DRIP_MS), () => {
      const more = headers ? `-${Math.round(nowMs())}: a\r\n${DRIP}` : whole.slice(sent, ++sent);
      for (const raw of this.dripping) raw.write(more);
    });
    return this.silent.length + this.dripping.length;
  }

  private async begin(index: number, half: string): Promise<void> {
    const sourceHost = sourceHostOf(this.server, index);
    const where = { to: this.server, timeoutMs: OPEN_MS, ...(sourceHost === undefined ? {} : { sourceHost }) };
    const raw = await openRaw(where, this.context.target);
    raw?.write(half);
    if (raw) (index % DRIPPING_OF === 0 ? this.dripping : this.silent).push(raw);
  }

  /** Not ended by the server yet. */
  get standing(): number {
    return this.silent.filter(isStanding).length + this.dripping.filter(isStanding).length;
  }

  /** How many of each kind stand, and how long the longest was held. */
  get facts() {
    const all = [...this.silent, ...this.dripping];
    const held = all.map(({ openedAtMs, endedAtMs }) => (endedAtMs ?? nowMs()) - openedAtMs);
    return {
      total: all.length,
      silentHeld: this.silent.filter(isStanding).length,
      drippingHeld: this.dripping.filter(isStanding).length,
      longestMs: Math.round(Math.max(0, ...held)),
    };
  }

  [Symbol.dispose](): void {
    this.drip?.[Symbol.dispose]();
    for (const raw of [...this.silent, ...this.dripping]) raw[Symbol.dispose]();
  }
}

function isStanding({ isOpen }: RawConnection): boolean {
  return isOpen;
}
