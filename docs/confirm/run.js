// Runs Holdfast on the published programs, defaults as their READMEs show:
//   node docs/confirm/run.js PROGRAMS_DIR RESULTS_DIR [name,name|servers|clients] [holdfast flags]
// PROGRAMS_DIR/<name> is where programs/<name>/setup.sh installed the program. Verdicts go to RESULTS_DIR/<name>.json.
const { spawnSync } = require('node:child_process');
const { mkdirSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

const [programsDir, resultsDir, which = 'all', ...flags] = process.argv.slice(2);
const programs = require('./programs.json');
const main = resolve(__dirname, '../../dist/harness/cli/main.js');

function wanted(program) {
  if (which === 'all') return true;
  if (which === 'servers' || which === 'clients') return program.role === which.slice(0, -1);
  return which.split(',').includes(program.name);
}

function command(program) {
  return program.command.replaceAll('{dir}', join(resolve(programsDir), program.name));
}

mkdirSync(resultsDir, { recursive: true });
for (const program of programs.filter(wanted)) {
  const words = ['check', '--protocol', 'websocket', '--json', '--results', join(resultsDir, 'runs', program.name)];
  words.push(`--${program.role}`, command(program), ...program.args);
  const partner = programs.find(({ name }) => name === program.server);
  if (partner) {
    words.push('--server', command(partner), '--only', clientChecks().join(','));
    for (let i = 0; i < partner.args.length; i += 2) {
      if (!program.args.includes(partner.args[i])) words.push(partner.args[i], partner.args[i + 1]);
    }
  }
  const run = spawnSync(process.execPath, [main, ...words, ...flags], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  writeFileSync(join(resultsDir, `${program.name}.json`), run.stdout);
  if (run.stdout === '') console.log(`${program.name}: exit ${run.status}: ${run.stderr.slice(-300)}`);
  else {
    const { verdicts } = JSON.parse(run.stdout);
    const short = verdicts.filter(({ outcome }) => outcome !== 'skipped').map(({ check, outcome }) => `${check.split('/')[1]} ${outcome}`);
    console.log(`${program.name}: ${short.join(', ')}`);
  }
}

function clientChecks() {
  const list = spawnSync(process.execPath, [main, 'list', 'checks', '--json'], { encoding: 'utf8' });
  return JSON.parse(list.stdout)
    .filter(({ role }) => role === 'client')
    .map(({ id }) => id);
}
