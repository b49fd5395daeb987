import type { Check, Facts, Fault } from './contract.js';
import type { Scenario } from './scenario.js';

/** Each marks its argument, so that the catalog knows a unit when it finds one in a folder. */
export interface Unit<Kind extends string, T> {
  readonly unit: Kind;
  readonly value: T;
}

export function defineCheck(check: Check): Unit<'check', Check> {
  return { unit: 'check', value: check };
}

export function defineScenario(scenario: Scenario): Unit<'scenario', Scenario> {
  return { unit: 'scenario', value: scenario };
}

export function defineFault<Subject, Params extends Facts>(
  fault: Fault<Subject, Params>,
): Unit<'fault', Fault<Subject, Params>> {
  return { unit: 'fault', value: fault };
}
