import type { Check, Finding, HistoryView } from './contract.js';

/** The measure that says of a server's process: only a published port of its container is reached. */
export const PORT_PROXY = 'port-proxy';

/** Measured with Docker 20.10 (docs/containers.md). */
const WHAT_IT_DOES =
  'seen through a published port, whose forwarder makes a FIN of a RST and takes connections that the server refuses';

/** What was seen of ends and refusals is the forwarder's word, and the verdict says so. */
export function throughPortProxy(check: Check, view: HistoryView, finding: Finding): Finding {
  const decided = finding.outcome === 'pass' || finding.outcome === 'fail';
  if (!decided || !check.byEnds || view.measures(PORT_PROXY).length === 0) return finding;
  const confidence = finding.confidence === 'low' ? 'low' : 'medium';
  return { ...finding, confidence, actual: `${finding.actual} (${WHAT_IT_DOES})` };
}
