import { findProgram, isRequired } from '../programs.js';
import type { FoundProxy, ProxyKind } from './find-proxy.js';

/** The program, where this machine has it. Jest asks synchronously. Where HOLDFAST_REQUIRE asks for it there must be one. */
export function proxyHere(kind: ProxyKind): FoundProxy | undefined {
  const program = findProgram(kind);
  if (program === undefined && isRequired(kind))
    throw new Error(`HOLDFAST_REQUIRE asks for ${kind}, and there is none on the PATH`);
  return program === undefined ? undefined : { kind, program };
}
