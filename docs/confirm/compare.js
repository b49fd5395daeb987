// Writes docs/confirmed.md: Holdfast's verdicts beside the truth measured by other means.
//   node docs/confirm/compare.js RESULTS_DIR > docs/confirmed.md
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const [resultsDir] = process.argv.slice(2);
const programs = require('./programs.json');
const truth = require('./truth.json');
const explained = existsSync(join(__dirname, 'explained.json')) ? require('./explained.json') : {};
const short = { pass: 'pass', fail: 'FAIL', inconclusive: '?', skipped: '-' };

const rows = [];
const disagreements = [];
const counts = new Map();
for (const program of programs) {
  const file = join(resultsDir, `${program.name}.json`);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (text === '') continue;
  const { verdicts } = JSON.parse(text);
  for (const verdict of verdicts.filter(({ role }) => role === program.role)) {
    const id = verdict.check.split('/')[1];
    const known = truth[program.name]?.[id];
    if (!known) continue;
    rows.push({ program: program.name, role: program.role, id, verdict, known });
    const decided = (outcome) => outcome === 'pass' || outcome === 'fail';
    if (decided(verdict.outcome)) {
      const key = `${program.role} ${id}`;
      const count = counts.get(key) ?? { pass: 0, fail: 0 };
      count[verdict.outcome] += 1;
      counts.set(key, count);
    }
    const same = verdict.outcome === known.outcome;
    if (!same && (decided(verdict.outcome) || decided(known.outcome))) disagreements.push(rows.at(-1));
  }
}

const agreed = rows.filter(({ verdict, known }) => verdict.outcome === known.outcome).length;
const wrong = rows.filter(({ verdict, known }) => [verdict.outcome, known.outcome].sort().join() === 'fail,pass');
const line = (text = '') => process.stdout.write(`${text}\n`);
line('# Confirmed by other means');
line();
line('Published programs, unscaled, as their READMEs show them, judged by `holdfast check` and measured by scripts that use none of our');
line('code (`docs/confirm/measure_server.py`, `measure_client.py`: Python, raw sockets). The programs and how to install them are in');
line('`docs/confirm/programs`; `docs/confirm/run.js` runs Holdfast on them, `docs/confirm/compare.js` writes this page.');
line();
line('Every program was run whole once. Where a check or its scenario was mended afterwards, the saved run was judged again (`holdfast judge`)');
line('or that scenario repeated; the machine had other work to do throughout. Not compared: clients in Java, and servers that replay in plain JSON.');
line();
line(`${rows.length} verdicts: ${agreed} the same, ${wrong.length} opposite, ${disagreements.length - wrong.length} where only one of the two decided.`);
line();
line('## Disagreements');
line();
line('| program | check | Holdfast | other means | which is right |');
line('| --- | --- | --- | --- | --- |');
for (const { program, id, verdict, known } of disagreements) {
  const why = explained[`${program} ${id}`] ?? explained[id] ?? '';
  line(`| ${program} | ${id} | ${short[verdict.outcome]}: ${cell(verdict.actual || verdict.reason)} | ${known.outcome}: ${cell(known.fact)} | ${cell(why)} |`);
}
line();
line('## Each check has failed one program and passed another');
line();
line('| check | pass | FAIL |');
line('| --- | --- | --- |');
for (const [id, { pass, fail }] of [...counts].sort()) line(`| ${id} | ${pass} | ${fail} |`);
for (const role of ['server', 'client']) {
  line();
  line(`## Every ${role}`);
  for (const program of programs.filter((one) => one.role === role)) {
    const own = rows.filter((row) => row.program === program.name);
    if (own.length === 0) continue;
    line();
    line(`### ${program.name}: ${program.package} ${program.version} (${program.language})`);
    line();
    const partner = program.server ? ` with \`--server\` ${program.server}` : '';
    line(`\`holdfast check --protocol websocket --${role} '${program.command}' ${program.args.map((arg) => `'${arg}'`).join(' ')}\`${partner}`);
    line();
    line('| check | Holdfast | what it saw | by other means |');
    line('| --- | --- | --- | --- |');
    for (const { id, verdict, known } of own) {
      line(`| ${id} | ${short[verdict.outcome]} | ${cell(verdict.actual || verdict.reason)} | ${known.outcome}: ${cell(known.fact)} |`);
    }
  }
}

function cell(text) {
  return String(text ?? '').replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 200);
}
