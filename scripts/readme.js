// Writes the generated parts of README.md: the tables of checks, faults and scenarios. `--check` only compares.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { loadCatalog } = require('../dist/harness/catalog.js');

const file = join(__dirname, '../README.md');
const { checks, faults, scenarios } = loadCatalog();
const cell = (text) => text.replaceAll('|', '\\|');
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

/** One row a problem, whatever protocols have it; where they word the rule differently, a row each. */
function grouped(checks) {
  const rows = new Map();
  for (const check of checks.toSorted((a, b) => (a.id.split('/')[1] < b.id.split('/')[1] ? -1 : 1))) {
    const key = [check.id.split('/')[1], check.role, check.title].join(' ');
    rows.set(key, [...(rows.get(key) ?? []), check]);
  }
  return rows;
}

const parts = {
  checks: table(
    ['check', 'protocols', 'of', 'rule', 'reports'],
    [...grouped(checks).values()].map(([{ id, role, title, measured }, ...others]) => [
      `\`${id.split('/')[1]}\``,
      [id, ...others.map((other) => other.id)].map((one) => one.split('/')[0]).join(', '),
      role,
      title,
      Object.keys(measured).join(', '),
    ]),
  ),
  faults: table(
    ['fault', 'where', 'what it does', 'evidence of its bite'],
    faults.map(({ id, hop, about, evidence }) => [`\`${id}\``, hop, about, evidence]),
  ),
  scenarios: table(
    ['scenario', 'lane', 'what happens'],
    scenarios.map(({ id, lane, about }) => [`\`${id}\``, lane, about]),
  ),
};

const before = readFileSync(file, 'utf8');
let after = before;
for (const [name, text] of Object.entries(parts)) {
  const marks = new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- /${name} -->)`);
  after = after.replace(marks, (_, open, close) => `${open}\n${text}\n${close}`);
}
if (process.argv.includes('--check')) {
  if (after !== before) {
    process.stderr.write('README.md is not what the catalog says: run npm run readme\n');
    process.exit(1);
  }
} else writeFileSync(file, after);
