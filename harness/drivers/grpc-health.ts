import { every, nowMs, waitFor } from '../clock.js';
import type { Target } from '../contract.js';
import { methodOf } from '../grpc-services.js';
import { OK, statusName } from '../grpc-status.js';
import type { Address } from '../scenario.js';
import type { Call } from './grpc-call.js';
import { GrpcConnection } from './grpc-connection.js';
import { headersOf, slotsOf } from './request.js';

const ANSWER_MS = 1000;
/** A channel whose connection got GOAWAY watches no longer: a server may wait for its calls to end. */
const WATCHES_ON_MS = 300;
/** `HealthCheckResponse.ServingStatus` [health.proto]. */
const SERVING_STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** What a server said of itself or of the target's service: a serving status, or the status that the call ended with. */
export interface HealthTold {
  readonly via: 'check' | 'watch';
  readonly service: string;
  readonly says: string;
  readonly atMs: number;
  /** The connection was there from the start. */
  readonly first: boolean;
}

/** Watches a server's health as a balancer does, by Watch and by Check [health.proto], on one connection as long as that takes calls. */
export class GrpcHealth implements AsyncDisposable {
  private readonly connections: GrpcConnection[] = [];
  private readonly asking: Disposable[] = [];
  private readonly watches: Call[] = [];
  private refused = false;

  constructor(
    private readonly to: Address,
    private readonly target: Target,
    private readonly tell: (told: HealthTold) => void,
  ) {
    this.connections.push(new GrpcConnection({ to, target }));
  }

  /** The server's own and the service's. */
  get services(): readonly string[] {
    return ['', methodOf(this.target).rpc.split('/')[1] ?? ''];
  }

  /** Asks each once; what it said. */
  async ask(): Promise<readonly string[]> {
    return Promise.all(this.services.map((service) => this.check(service)));
  }

  watch(): void {
    for (const service of this.services) {
      const call = this.call('Watch', service, (says) => this.note('watch', service, says));
      if (call) this.watches.push(call);
      call?.stream.once('close', () => {
        const status = call.end?.status;
        this.note('watch', service, status === undefined ? 'cut' : statusName(status));
      });
    }
  }

  /** Asks on and on, on new connections where the old one takes no more calls; ends with the first that is refused. */
  askEvery(ms: number): void {
    let waiting = false;
    const again = async () => {
      const away = this.connections[0]?.goaway;
      if (away && nowMs() - away.atMs > WATCHES_ON_MS) for (const call of this.watches.splice(0)) call.cancel();
      if (waiting || this.refused) return;
      waiting = true;
      if (!this.connections.at(-1)?.takesCalls) await this.connectAgain();
      if (!this.refused) await this.ask();
      waiting = false;
    };
    this.asking.push(every(ms, () => void again()));
  }

  private async connectAgain(): Promise<void> {
    const connection = new GrpcConnection({ to: this.to, target: this.target });
    this.connections.push(connection);
    await waitFor(() => connection.settled || connection.closedAtMs, ANSWER_MS);
    this.refused = !connection.takesCalls || !connection.settled;
  }

  private async check(service: string): Promise<string> {
    let said: string | undefined;
    const call = this.call('Check', service, (says) => {
      said = says;
    });
    const end = await call?.ended(ANSWER_MS);
    const says = end?.status === OK ? said : end?.status === undefined ? undefined : statusName(end.status);
    call?.cancel();
    if (says !== undefined) this.note('check', service, says);
    return says ?? 'nothing';
  }

  private call(method: 'Check' | 'Watch', service: string, hear: (says: string) => void) {
    const connection = this.connections.at(-1);
    if (!connection?.takesCalls) return undefined;
    const call = connection.call({
      rpc: `/grpc.health.v1.Health/${method}`,
      metadata: headersOf(slotsOf({ bare: true }, this.target)),
      // `ServingStatus status = 1`, of which 0 is left out.
      onMessage: (bytes) => hear(SERVING_STATUS[bytes[1] ?? 0] ?? 'UNKNOWN'),
    });
    // `string service = 1`.
    const name = Buffer.from(service);
    call.write(name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]));
    call.finish();
    return call;
  }

  private note(via: HealthTold['via'], service: string, says: string): void {
    this.tell({ via, service, says, atMs: nowMs(), first: this.connections.length === 1 || via === 'watch' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.asking) one[Symbol.dispose]();
    await Promise.all(this.connections.map((connection) => connection[Symbol.asyncDispose]()));
  }
}
