import type { Target } from '../contract.js';
import { type Method, methodOf } from '../grpc-services.js';
import type { Address } from '../scenario.js';
import type { Call, CallOptions } from './grpc-call.js';
import { type ConnectionOptions, GrpcConnection } from './grpc-connection.js';
import { fieldsOf, saying } from './grpc-request.js';
import { headersOf, slotsOf } from './request.js';

/** RFC 9113, 6.5.2: "initially, there is no limit to this value". */
const NO_LIMIT = 2 ** 32 - 1;

/** Asks the target's method any number of times on one connection, as a session does once. */
export class GrpcPeer implements AsyncDisposable {
  readonly connection: GrpcConnection;
  readonly method: Method;
  private readonly fields: object;
  private readonly metadata: Readonly<Record<string, string>>;
  private readonly sends: boolean;

  constructor(target: Target, to: Address, options: Pick<ConnectionOptions, 'streamWindowBytes'> = {}) {
    const slots = slotsOf({}, target);
    this.method = methodOf(target);
    this.fields = fieldsOf(slots, this.method);
    this.metadata = headersOf(slots);
    this.sends = this.method.pattern === 'client-streaming' || this.method.pattern === 'bidirectional';
    this.connection = new GrpcConnection({ ...options, target, to });
  }

  /** How many calls at once the server has told that it takes. */
  get limit(): number {
    return this.connection.session.remoteSettings?.maxConcurrentStreams ?? NO_LIMIT;
  }

  ask(options: Pick<CallOptions, 'deadlineMs' | 'onMessage'> = {}): Call {
    const { method, metadata, fields, sends } = this;
    const call = this.connection.call({ rpc: method.rpc, metadata, ...options });
    if (!sends || Object.keys(fields).length > 0) call.write(method.request.encode(fields));
    if (!sends) call.finish();
    return call;
  }

  /** One more message of ours in a call that takes several. */
  say(call: Call, payload: string): void {
    if (this.sends) call.write(this.method.request.encode(saying(payload, this.method.request)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.connection[Symbol.asyncDispose]();
  }
}
