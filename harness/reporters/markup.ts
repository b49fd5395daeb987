/**
 * Text for XML or HTML, in an element or an attribute. XML 1.0 forbids most control characters even as references:
 * `printable` must have made them harmless text before.
 */
export function escapeMarkup(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
