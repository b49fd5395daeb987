import { parseReport } from './target/report-line.js';

/** What an application said besides an answer that was cut short, that it does not say of a whole one. */
export type Said = 'nothing' | 'warning' | 'otherwise';

const WARNING =
  /incomplet|unfinish|truncat|partial|interrupt|abort|cut (?:off|short)|error|exception|fail|unexpected|premature|terminated|closed|reset|disconnect|time(?:d[ -]?)? ?out|stall|broken|lost|retry|trying again|missing|ended (?:early|before|without)|no (?:final|end)|hang ?up|\beof\b/i;
/** Words of the stream itself: whoever prints every event prints the last ones only of a whole answer. */
const ECHO =
  /message_stop|message_delta|content_block|response\.|chat\.completion|finish_?reason|stop_?reason|end_turn|\[done\]|usage|tokens/i;

/** The lines of an output without the words of the answer, without reports, and with numbers made alike. */
export function besidesAnswer(lines: readonly string[], words: readonly string[]): string[] {
  const answer = new RegExp(words.join('|'), 'gi');
  return lines
    .filter((line) => !parseReport(line))
    .map((line) =>
      line
        .replace(answer, '')
        .replace(/[\d.,:]*\d/g, '#')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => /[\p{L}\p{S}…⚠]/u.test(line));
}

/** From what is left of both outputs. To leave out the last words said of a whole answer may be a way to say it too. */
export function saidOf(cut: readonly string[], whole: readonly string[]): Said {
  const more = cut.filter((line) => !whole.some((usual) => usual.startsWith(line)));
  if (more.some((line) => WARNING.test(line))) return 'warning';
  const last = whole.at(-1);
  const leftOut = last !== undefined && !ECHO.test(last) && !cut.some((line) => last.startsWith(line));
  return more.length > 0 || leftOut ? 'otherwise' : 'nothing';
}
