/** Tricky: a client of `ulid-lines.ts`: ids in no order that subtraction knows, lines that end in CR, characters in two chunks. */
import { join } from 'node:path';
import type { TrickyMeta } from '../../program';
import { startClient } from '../../sse-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'ULIDs with a space for ids, lines that end in CR, characters in two chunks',
  fine: ['sse/no-resume', 'sse/message-loss', 'sse/duplicate-delivery', 'sse/reordering'],
  words: ['--server', `"${process.execPath}" "${join(__dirname, 'ulid-lines.js')}"`],
};

if (require.main === module) startClient();
