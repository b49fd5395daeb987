/** What of the catalog can differ by engine: all else has no Toxiproxy in its path. */
import { loadCatalog } from '../harness/catalog.js';

const { checks, scenarios, faults } = loadCatalog();

export function hasToxiproxyInPath(id: string): boolean {
  const own = checks.filter((check) => check.id === id).map(({ scenario }) => scenario);
  const named = scenarios.filter((scenario) => own.includes(scenario.recordsAs ?? scenario.id));
  const toxics = faults.filter(({ hop }) => hop === 'toxiproxy').map((fault) => fault.id);
  return named.some((scenario) => scenario.faults.some((fault) => toxics.includes(fault)));
}
