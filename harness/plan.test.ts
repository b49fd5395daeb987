import { loadCatalog } from './catalog.js';
import type { Target } from './contract.js';
import { makePlan } from './plan.js';
import { STORY_OPTIONS, STORY_TARGET } from './story.js';

/** One id, and a check of it for each role. */
const TWIN = 'websocket/drops-on-spike';

function rolesPlanned(target: Target): string[] {
  const { planned } = makePlan(target, { ...STORY_OPTIONS, only: [TWIN] }, loadCatalog());
  return planned.filter(({ skip }) => skip === undefined).map(({ check }) => check.role);
}

test('of two checks with one id a target meets the one for its role, and a system both', () => {
  const { server, client, ...rest } = STORY_TARGET;
  expect(rolesPlanned({ ...rest, ...(server ? { server } : {}) })).toEqual(['server']);
  expect(rolesPlanned({ ...rest, ...(client ? { client } : {}) })).toEqual(['client']);
  expect(rolesPlanned(STORY_TARGET).sort()).toEqual(['client', 'server']);
  expect(
    makePlan({ ...rest, ...(client ? { client } : {}) }, { ...STORY_OPTIONS, only: [TWIN] }, loadCatalog()).planned,
  ).toHaveLength(1);
});
