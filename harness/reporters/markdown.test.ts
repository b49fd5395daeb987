import MarkdownIt from 'markdown-it';
import { aRun, aVerdict } from './a-run.js';
import { renderMarkdown } from './markdown.js';

const HOSTILE =
  '<img src=x onerror=alert(1)> | [a](javascript:alert(1)) ![i](//x.example/p.png) **b** `c` https://x.example www.x.example a@x.example\n# head\n- item\u0007\u001b[2J';

const run = aRun([
  aVerdict({ actual: HOSTILE }),
  aVerdict({
    check: 'websocket/abrupt-shutdown',
    antiPattern: 6,
    outcome: 'fail',
    actual: HOSTILE,
    measured: { closeCode: null, said: '``x`` | <b>' },
    fix: 'send 1001',
  }),
  aVerdict({ check: 'websocket/leaked-session', outcome: 'inconclusive', reason: HOSTILE }),
  aVerdict({ check: 'websocket/no-replay', outcome: 'skipped', reason: HOSTILE }),
]);

describe('the Markdown report', () => {
  const text = renderMarkdown({ ...run, replay: 'holdfast check --server \'node "x`y"\'' });
  const html = new MarkdownIt({ html: true, linkify: true }).render(text);

  it('opens with grade and counts, and tells a failure in full', () => {
    expect(text.startsWith('# Holdfast: chat, no grade\n\n1 failed, 1 inconclusive, 1 passed, 1 skipped;')).toBe(true);
    expect(html).toContain('<h3>MUST <code>websocket/abrupt-shutdown</code></h3>');
    for (const word of ['expected', 'actual', 'measured', 'limits', 'look at', 'fix'])
      expect(html).toContain(`<strong>${word}</strong>`);
    expect(html).toContain('holdfast check --server');
  });

  it('gives the rest as tables', () => {
    expect(html.match(/<table>/g)).toHaveLength(3);
    expect(html.match(/<tr>/g)).toHaveLength(1 + 10 + 2 * (1 + 1));
    expect(html).toContain('<summary>1 passed</summary>');
  });

  it('shows what a target said as text: no markup, no link, no picture, no control character', () => {
    const ours = new Set('h1 h2 h3 p pre code ul li strong table thead tbody tr th td details summary'.split(' '));
    const tags = [...html.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, name = '']) => name);
    expect(tags.filter((tag) => !ours.has(tag))).toEqual([]);
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt; | [a](javascript:alert(1)) ![i](//x.example/p.png)');
    expect(html).toContain('**b** `c` https://x.example www.x.example a@x.example\\n# head\\n- item\\x07\\e[2J');
    expect(html).toContain('<code>said ``x`` | &lt;b&gt;</code>');
  });

  it('cuts what would make it too large for a summary', () => {
    const many = Array.from({ length: 160 }, () => aVerdict({ outcome: 'fail', actual: '['.repeat(100_000) }));
    expect(renderMarkdown(aRun(many)).length).toBeLessThan(1024 * 1024);
  });
});
