import { FRAME_CASES, MESSAGE_CASES } from "./conformance-cases.ts";
import type { ConformanceCase, Outcome } from "./conformance-cases.ts";
import { FIELD_CASES, HPACK_CASES } from "./field-cases.ts";
import { TYPE_CASES } from "./type-cases.ts";

/** A ConformanceCase with its RFC, for test.each(). */
export type Conformance = {
  readonly rfc: number;
  readonly section: string;
  readonly title: string;
  readonly outcome: Outcome;
  readonly frames: readonly Buffer[];
};

/** All there are. */
export const CONFORMANCE: readonly Conformance[] = [
  ...[...FRAME_CASES, ...TYPE_CASES, ...FIELD_CASES, ...MESSAGE_CASES].map((each) =>
    of(9113, each),
  ),
  ...HPACK_CASES.map((each) => of(7541, each)),
];

function of(rfc: number, [section, title, outcome, ...frames]: ConformanceCase): Conformance {
  return { rfc, section, title, outcome, frames };
}
