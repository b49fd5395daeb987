import { every, until } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import type { Middlebox } from '../harness/path/middlebox.js';

const LOOK_MS = 100;
/** A stream is between two events sooner or later. */
const BETWEEN_MS = 10_000;

/** What an edge like Cloudflare does when the server behind it hangs or is gone: it speaks HTML for it. */
export default defineFault<Middlebox, { readonly where: string; readonly status: number }>({
  id: 'error-page',
  hop: 'middlebox',
  about: 'an HTML error page in the midst of a stream, which ends with it; or in place of every answer',
  evidence: 'a page served, and its status',
  params: { where: 'mid-stream | instead', status: 'HTTP status that the page speaks of, or has' },
  byHand: { subject: 'middlebox', defaults: { status: 502 }, newcomers: true, protocols: ['sse'] },
  async inject(middlebox, { where, status }, { bite, signal }) {
    const before = middlebox.passages.length;
    let bitten = false;
    const served = () =>
      middlebox.passages.filter(({ page }, n) => page !== undefined && (where !== 'instead' || n >= before));
    const look = () => {
      if (bitten || served().length === 0) return;
      bitten = true;
      bite({ where, status, pages: served().length });
    };
    if (where === 'instead') middlebox.page = status;
    else await until('a stream is between two events', () => middlebox.timeOut() > 0, BETWEEN_MS, { signal });
    look();
    const looking = every(LOOK_MS, look);
    return () => {
      looking[Symbol.dispose]();
      look();
      middlebox.page = undefined;
    };
  },
});
