/** Hostile: puts terminal commands, markup and bytes that are no UTF-8 into each string that it may choose. Whatever else it does is right. */
import { resilient } from '../../sse-behaviour';
import { startServer } from '../../sse-server';
import { unsafe, unsafeBytes } from '../unsafe-text';

const inHeader = unsafe.replaceAll(/[^\x20-\x7e]/g, '');

for (const say of [console.log, console.error]) setInterval(() => say(`${unsafe}\n::error::owned ${unsafe}`), 500);
startServer({
  headers: {
    ...resilient.headers,
    'content-type': `text/event-stream; charset="${inHeader.replaceAll('"', '')}"`,
    server: inHeader,
    via: inHeader,
  },
  welcome: ({ body }) => {
    body.write(`id: ${unsafe}\nevent: ${unsafe}\ndata: {"${inHeader.replaceAll(/["`]/g, '')}": 1}\n\n`);
    body.write(
      Buffer.concat([Buffer.from('data: '), unsafeBytes, Buffer.from('\n\n: '), unsafeBytes, Buffer.from('\n\n')]),
    );
  },
  refusal: () => [401, { 'www-authenticate': inHeader, 'retry-after': inHeader }],
  admits: ({ headers }) => headers.origin === undefined,
});
