import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Check, Facts, Fault } from './contract.js';
import type { Unit } from './define.js';
import { HarnessError } from './errors.js';
import type { Scenario } from './scenario.js';

/** Every unit there is, found by folder: adding one is adding a file. */
export interface Catalog {
  readonly protocols: readonly string[];
  readonly checks: readonly Check[];
  readonly scenarios: readonly Scenario[];
  readonly faults: readonly Fault<never, Facts>[];
}

type AnyUnit = Unit<'check', Check> | Unit<'scenario', Scenario> | Unit<'fault', Fault<never, Facts>>;

/** dist/, where the folders of units lie beside the engine. */
const ROOT = join(__dirname, '..');
const NOT_PROTOCOLS = new Set(['shared', 'scenarios']);

let loaded: Catalog | undefined;

/** Loads each file of suites/ and faults/ once; a bad unit is refused by file and reason. */
export function loadCatalog(): Catalog {
  loaded ??= readCatalog();
  return loaded;
}

function readCatalog(): Catalog {
  const suites = join(ROOT, 'suites');
  const scenarios = unitsOf(join(suites, 'scenarios'), 'scenario');
  const faults = unitsOf(join(ROOT, 'faults'), 'fault');
  const shared = unitsOf(join(suites, 'shared'), 'check');
  const folders = readdirSync(suites, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const named = [...folders.map(({ name }) => name), ...shared.flatMap(protocolsOf)];
  const protocols = [...new Set(named)].filter((name) => !NOT_PROTOCOLS.has(name)).sort();
  const checks = protocols.flatMap((protocol) => [
    ...offered(shared, protocol),
    ...unitsOf(join(suites, protocol), 'check'),
  ]);
  const catalog = { protocols, checks, scenarios, faults };
  refuseInconsistent(catalog);
  return catalog;
}

function protocolsOf({ id, protocols }: Check): readonly string[] {
  if (protocols === undefined) throw new HarnessError('BAD_UNIT', `shared check ${id}: it must name its protocols`);
  return protocols;
}

/** A shared check is one for each of its protocols, addressed `<protocol>/<id>`; so are those it names, where they are offered too. */
function offered(shared: readonly Check[], protocol: string): Check[] {
  // One of a client and one of a server may have one id.
  const own = shared.filter((check) => protocolsOf(check).includes(protocol));
  const elsewhere = new Set(shared.filter((check) => !own.some(({ id }) => id === check.id)).map(({ id }) => id));
  const full = (id: string) => (id.includes('/') ? id : `${protocol}/${id}`);
  const names = (ids: readonly string[]) => ids.filter((id) => !elsewhere.has(id)).map(full);
  return own.map(({ inProtocol, ...check }) => ({
    ...check,
    ...inProtocol?.[protocol],
    id: full(check.id),
    ...(check.needs ? { needs: names(check.needs) } : {}),
    ...(check.implies ? { implies: names(check.implies) } : {}),
  }));
}

function unitsOf(folder: string, kind: 'check'): Check[];
function unitsOf(folder: string, kind: 'scenario'): Scenario[];
function unitsOf(folder: string, kind: 'fault'): Fault<never, Facts>[];
function unitsOf(folder: string, kind: AnyUnit['unit']): AnyUnit['value'][] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.js') && !name.endsWith('.test.js'))
    .sort()
    .flatMap((name) => {
      const file = join(folder, name);
      const found = Object.values(require(file) as Record<string, unknown>).filter(isUnit);
      if (found.length === 0) return [];
      const [unit] = found;
      if (found.length > 1 || unit === undefined || unit.unit !== kind) {
        throw new HarnessError('BAD_UNIT', `${file} must define exactly one ${kind}`);
      }
      const id = unit.value.id.split('/').at(-1);
      // A problem that servers and clients may both have is two checks of one id, each in a file with its role in the name.
      const names = 'role' in unit.value ? [`${id}.js`, `${id}.${unit.value.role}.js`] : [`${id}.js`];
      if (!names.includes(name)) {
        throw new HarnessError('BAD_UNIT', `${file} defines "${unit.value.id}": a unit's file is named after its id`);
      }
      return [unit.value];
    });
}

function isUnit(value: unknown): value is AnyUnit {
  return typeof value === 'object' && value !== null && 'unit' in value && 'value' in value;
}

function refuseInconsistent({ checks, scenarios, faults }: Catalog): void {
  const ids = new Set(checks.map((check) => check.id));
  for (const check of checks) {
    const refuse = (why: string) => {
      throw new HarnessError('BAD_UNIT', `check ${check.id}: ${why}`);
    };
    if (!check.title.startsWith(check.level)) refuse(`its title must begin with "${check.level}"`);
    for (const name of [check.samples ?? [], ...(check.decidedBy ?? []).map(([measured]) => measured)].flat())
      if (!(name in check.measured)) refuse(`it measures no "${name}"`);
    for (const [, name] of check.decidedBy ?? []) if (!(name in check.expect)) refuse(`it has no threshold "${name}"`);
    if (check.examples.pass.length === 0 || check.examples.fail.length === 0)
      refuse('a check must show that it can fail');
    if (!scenarios.some((scenario) => scenario.id === check.scenario)) refuse(`no scenario "${check.scenario}"`);
    for (const id of [...(check.needs ?? []), ...(check.implies ?? [])]) {
      if (!ids.has(id)) refuse(`it names "${id}", which does not exist`);
    }
  }
  const apart = new Set(checks.map(({ id, role }) => `${id} ${role}`));
  if (apart.size !== checks.length) throw new HarnessError('BAD_UNIT', 'two checks of one role have one id');
  for (const scenario of scenarios) {
    for (const fault of scenario.faults) {
      if (!faults.some(({ id }) => id === fault)) {
        throw new HarnessError('BAD_UNIT', `scenario ${scenario.id}: no fault "${fault}"`);
      }
    }
  }
}
