/** Tricky: a page in mid-stream it ignores line by line, as the standard says, and counts its lines as errors; it leaves at the end. */
import type { TrickyMeta } from '../../program';
import { report } from '../../program';
import { startClient } from '../../sse-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'errors that quote a page in mid-stream, line by line, without leaving',
  fine: ['sse/corrupted-by-error-page'],
};

if (require.main === module) startClient({ stray: (line) => report('error', { data: line }) });
