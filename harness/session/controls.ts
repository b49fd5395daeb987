import type { Catalog } from '../catalog.js';
import type { Facts, Fault, Target } from '../contract.js';
import { HarnessError } from '../errors.js';

/** What a fault can be done to by hand. */
export type ScopeKind = 'all' | 'share' | 'one';

export interface Parameter {
  readonly name: string;
  readonly unit: string;
  readonly value: number | string | boolean | null;
  /** Where it is one of several words. */
  readonly choices?: readonly string[];
}

/** One fault as a person may use it: a control of the page, a word of the prompt. */
export interface Control {
  readonly fault: string;
  readonly about: string;
  readonly hop: string;
  readonly parameters: readonly Parameter[];
  readonly scopes: readonly ScopeKind[];
  /** Nothing is left to heal. */
  readonly instant: boolean;
}

export type HandFault = Fault<never, Facts> & { readonly byHand: NonNullable<Fault<never, Facts>['byHand']> };

/** The faults that can be done by hand to this target, by id. */
export function handFaults({ faults }: Catalog, target: Target): ReadonlyMap<string, HandFault> {
  const own = target.server?.command !== undefined;
  return new Map(
    faults
      .filter((fault): fault is HandFault => fault.byHand !== undefined)
      .filter(({ byHand }) => byHand.protocols?.includes(target.protocol) ?? true)
      .filter(({ byHand }) => !byHand.containers || target.server?.container !== undefined)
      .filter(({ byHand }) => own || byHand.subject !== 'server')
      .map((fault) => [fault.id, fault]),
  );
}

export function controlOf({ id, about, hop, params, byHand }: HandFault): Control {
  const parameters = Object.entries(byHand.defaults).map(([name, value]): Parameter => {
    const unit = params[name] ?? '';
    const choices = typeof value === 'string' && unit.includes(' | ') ? { choices: unit.split(' | ') } : {};
    return { name, unit, value: value ?? null, ...choices };
  });
  return { fault: id, about, hop, parameters, scopes: scopesOf(byHand), instant: byHand.instant ?? false };
}

function scopesOf({ whole, newcomers }: HandFault['byHand']): readonly ScopeKind[] {
  if (whole) return ['all'];
  return newcomers ? ['all', 'share'] : ['all', 'share', 'one'];
}

/** A day; longer is a slip of the hand. */
const MOST_MS = 86_400_000;
const MOST = 2 ** 31;

/** The parameters of a fault, those that were not given as they are offered. */
export function parametersOf(control: Control, given: Facts): Facts {
  const known = new Map(control.parameters.map((parameter) => [parameter.name, parameter]));
  for (const name of Object.keys(given)) {
    if (known.has(name)) continue;
    const has = [...known.keys()].join(', ') || 'none';
    throw new HarnessError('BAD_PARAMETER', `${control.fault} has no parameter "${name}"; it has ${has}`);
  }
  return Object.fromEntries(
    [...known.values()].map((parameter) => [parameter.name, checked(control.fault, parameter, given[parameter.name])]),
  );
}

function checked(fault: string, { name, unit, value, choices }: Parameter, given: Facts[string] | undefined) {
  if (given === undefined) return value;
  const refuse = (what: string) => {
    throw new HarnessError('BAD_PARAMETER', `${name} of ${fault} must be ${what} (${unit})`);
  };
  if (choices) return choices.includes(String(given)) ? given : refuse(`one of ${choices.join(', ')}`);
  if (typeof value === 'boolean') return typeof given === 'boolean' ? given : refuse('true or false');
  if (given === null && name === 'retryAfterS') return null;
  if (typeof given !== 'number' || !Number.isFinite(given)) return refuse('a number');
  if (name === 'status') return Number.isInteger(given) && given >= 400 && given < 600 ? given : refuse('400 to 599');
  const least = /(Ms|S)$/.test(name) && !name.endsWith('PerS') ? 0 : 1;
  const most = name.endsWith('Ms') ? MOST_MS : MOST;
  return given >= least && given <= most ? given : refuse(`from ${least} to ${most}`);
}
