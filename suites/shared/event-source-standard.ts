import type { Finding, Target } from '../../harness/contract.js';

/** What the standard has a client of a stream of events do [WHATWG HTML 9.2]: there it may fail a check and conform (CHECKLIST rule 17). */
export const STOPS =
  'WHATWG HTML 9.2.2: "if res\'s status is not 200, or if res\'s `Content-Type` is not `text/event-stream`, then fail the connection"; 9.2.3: "Once the user agent has failed the connection, it does not attempt to reconnect"';
export const WAITS = 'WHATWG HTML 9.2.3: "Wait a delay equal to the reconnection time of the event source"';
export const MAY_WAIT_MORE =
  '9.2.3: "Optionally, wait some more. In particular, if the previous attempt failed, then user agents might introduce an exponential backoff delay to avoid overloading a potentially already overloaded server"';

/** What a failure to draw or to stretch delays says of a client that waits as the standard orders. */
export function waitsByStandard({ protocol }: Target): Pick<Finding, 'conformant'> & { readonly remark: string } {
  return protocol === 'sse'
    ? { conformant: true, remark: `; the specification orders no more (${WAITS})` }
    : { remark: '' };
}
