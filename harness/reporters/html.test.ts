import { loadCatalog } from '../catalog.js';
import { MIB } from '../numbers.js';
import { aCut, aHostileRun, aStorm, aStormRun, HOSTILE } from '../page/page.test.rig.js';
import { aRun, aVerdict } from './a-run.js';
import { renderHtml } from './html.js';
import { html, island } from './html-markup.js';

const { checks, scenarios, faults } = loadCatalog();
const known = { checks, scenarios, faults };
/** Ends a string, begins a terminal command, turns what follows around, is half a character. */
const DANGEROUS = ['\u0000', '\u001b', '\u202e', '\ud800 '];

test('what is put into markup is escaped, and markup is not escaped twice', () => {
  const inner = html`<b title="${'"<&'}">${'\u202e</b>'}</b>`;
  expect(html`<p>${inner}${[inner, 3]}${undefined}</p>`.text).toBe(`<p>${inner.text}${inner.text}3</p>`);
  expect(inner.text).toBe('<b title="&quot;&lt;&amp;">\\u202e&lt;/b&gt;</b>');
});

test('a value in a script element cannot end it, and comes back as harmless text', () => {
  const { text } = island({ gate: HOSTILE });
  expect(DANGEROUS.filter((character) => text.includes(character))).toEqual([]);
  expect(text).not.toContain('<');
  expect(JSON.parse(text).gate).toContain('</script><script>');
  expect(JSON.parse(text).gate).toContain('\\u202egnp.exe');
});

test('no text of a target is obeyed: neither as markup nor as a command to a terminal', () => {
  const page = renderHtml(aHostileRun(HOSTILE), aCut(HOSTILE), known);
  const unsafe = ['<img', '<script>window.obeyed', '<!-- ', ...DANGEROUS];
  expect(unsafe.filter((text) => page.includes(text))).toEqual([]);
  expect(page.match(/<script/g)).toHaveLength(2);
  expect(page.includes('&lt;script&gt;window.obeyed')).toBe(true);
});

test('the page forbids itself every request, and runs no script but its own', () => {
  const page = renderHtml(aRun([aVerdict()]), [], known);
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+'; base-uri 'none'; form-action 'none'$/,
  );
  expect(/<(link|img|iframe|script src|base)\b/.exec(page)).toBeNull();
});

test('the grade, the ten anti-patterns and the summary come first, then failures, then the rest', () => {
  const verdicts = [
    aVerdict(),
    aVerdict({ check: 'websocket/idle-cut', outcome: 'inconclusive', reason: 'no bite' }),
    aVerdict({ check: 'websocket/leaked-session', outcome: 'fail', level: 'SHOULD' }),
    aVerdict({ check: 'websocket/hung-shutdown', outcome: 'fail' }),
    aVerdict({ check: 'websocket/no-replay', outcome: 'skipped', reason: 'needs --resume' }),
  ];
  const page = renderHtml(aRun(verdicts), [], known);
  const order = [
    'data-grade="none"',
    'id="anti-patterns"',
    'id="summary"',
    'id="websocket/hung-shutdown/server"',
    'id="websocket/leaked-session/server"',
    'id="websocket/idle-cut/server"',
    'id="websocket/no-heartbeat/server"',
    'needs --resume',
  ].map((part) => page.indexOf(part));
  expect(order).not.toContain(-1);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(page.match(/<li class="(fail|inconclusive|pass|skipped|not-run)">(?!<a)/g)).toHaveLength(10);
});

test('a failure tells what was expected and seen, why it matters, what to change, what it rests on and how to repeat it', () => {
  const failed = aVerdict({
    check: 'websocket/fixed-retry',
    role: 'client',
    outcome: 'fail',
    scenario: 'outage',
    because: [30],
  });
  const page = renderHtml(aRun([failed]), aCut('copy-1'), known);
  const check = checks.find(({ id }) => id === 'websocket/fixed-retry');
  const told = [
    failed.expected,
    failed.actual,
    failed.fix,
    check?.why ?? 'the reason is in the catalog',
    'holdfast check chat --seed 42 --only websocket/fixed-retry',
    'data-seq="30"',
    'fault reset seen to act (connections 1)',
  ];
  expect(told.filter((text) => !page.includes(text))).toEqual([]);
});

test('a page of several runs counts them, and leads to the one that shows it', () => {
  const counts = { pass: 1, fail: 1, inconclusive: 0, skipped: 0 };
  const page = renderHtml(aRun([aVerdict({ outcome: 'inconclusive', counts, run: 2 })]), [], known);
  expect(page.includes('1 pass, 1 fail; shown here: <a href="2/report.html">run 2</a>')).toBe(true);
});

test.each([
  ['at one gate', () => 'storm'],
  ['at a gate each', (n: number) => `copy-${n}`],
])('a storm of 10,000 connections %s stays far below 5 MB', (_, gateOf) => {
  const page = renderHtml(aStormRun(), aStorm(10_000, gateOf), known);
  expect(Buffer.byteLength(page)).toBeLessThan(2 * MIB);
});
