/** A client with a parser of its own, which does one thing wrong: FLAW names it. It tells events by `seq`, or by their id where BY is `id`. */
const { FLAW = 'none', BY = 'seq', TARGET_URL = '' } = process.env;
const RETURN_MS = 100;
const LIMIT = 64 * 1024;

interface Half {
  rest: string;
  data: string[];
  id: string;
}

let lastEventId = '';
let kept: Half | undefined;

function report(id: unknown): void {
  if (id !== undefined && id !== '') console.log(JSON.stringify({ event: 'message', id }));
}

function dispatch(half: Half): void {
  if (FLAW !== 'ignores ids alone' || half.data.length > 0) lastEventId = half.id;
  if (half.data.length === 0) return;
  const text = half.data.splice(0).join('\n');
  try {
    report(BY === 'id' ? half.id : JSON.parse(text).seq);
  } catch {
    // Not for us.
  }
}

function takeLine(line: string, half: Half): void {
  if (line === '') {
    dispatch(half);
    return;
  }
  const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
  if (name === 'data') half.data.push(value);
  if (name !== 'id' || (value === '' && FLAW === 'keeps ids for ever')) return;
  if (value.includes('\0') && FLAW !== 'takes a NUL') return;
  half.id = value;
  if (FLAW === 'takes ids early') lastEventId = value;
}

/** Lines end in CR, LF or both, wherever packets end. */
const ENDS: Readonly<Record<string, RegExp>> = {
  'knows no CR': /\r?\n/,
  'splits CRLF': /\r\n|\n|\r/,
  'reads packets': /\r\n|\n|\r/,
};

function takeText(text: string, half: Half): void {
  half.rest += text;
  if (FLAW === 'has a limit' && half.rest.length > LIMIT) throw new Error('too long');
  const lines = half.rest.split(ENDS[FLAW] ?? /\r\n|\n|\r(?!\n|$)/);
  half.rest = FLAW === 'reads packets' ? '' : (lines.pop() ?? '');
  for (const line of lines) takeLine(line, half);
}

async function follow(): Promise<void> {
  const presented = Buffer.from(lastEventId).toString('latin1');
  if (FLAW === 'keeps ids for one stream') lastEventId = '';
  const headers = { accept: 'text/event-stream', ...(presented && { 'last-event-id': presented }) };
  const { body } = await fetch(TARGET_URL, { headers });
  const decoder = new TextDecoder('utf-8', { ignoreBOM: FLAW === 'keeps the mark' });
  const half: Half = (FLAW === 'joins halves' && kept) || { rest: '', data: [], id: lastEventId };
  kept = half;
  const finish = () => {
    if (half.rest !== '') takeLine(half.rest, half);
    dispatch(half);
  };
  try {
    for await (const chunk of body ?? [])
      takeText(
        FLAW === 'decodes packets' ? Buffer.from(chunk).toString() : decoder.decode(chunk, { stream: true }),
        half,
      );
    if (FLAW === 'delivers halves') finish();
  } catch (error) {
    if (FLAW === 'delivers at errors') finish();
    throw error;
  }
}

async function main(): Promise<void> {
  for (;;) {
    await follow().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, RETURN_MS));
  }
}

if (require.main === module) void main();
