import { escapeMarkup } from './markup.js';
import { printable } from './printable.js';

/** Text that is markup already: made by `html` alone, so that whatever else is put into a page is escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Part = Markup | string | number | undefined | readonly Part[];

/** A template whose values are shown as they are and never obeyed: neither as markup nor as terminal or bidi controls. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((text, string, index) => text + textOf(parts[index - 1]) + string));
}

function textOf(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'string') return escapeMarkup(printable(part));
  if (typeof part === 'number') return String(part);
  return part.map(textOf).join('');
}

/** A value for a `<script type="application/json">`, which ends at the first `</script` in whatever string. */
export function island(value: unknown): Markup {
  const json = JSON.stringify(value, (_, one: unknown) => (typeof one === 'string' ? printable(one) : one));
  return new Markup(json.replaceAll('<', '\\u003c'));
}

/** A file of ours, or of a library, that is trusted as it is. */
export function trusted(text: string): Markup {
  return new Markup(text);
}
