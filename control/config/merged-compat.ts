import type { Compatibility } from "../../proxy/table/compatibility.ts";

/** What is declared by whoever runs a version, one by one. Absent: nothing. */
type Declaring = { readonly compat?: Compatibility | undefined };

/**
 * What the endpoints of a version say that it can live beside, as one. Those that say nothing do
 * not count. Where they differ it is what is safe for all: it reads what all of them read, writes
 * the highest format, and requires what any does. undefined: none says anything. Pure.
 */
export function mergedCompat(endpoints: readonly Declaring[]): Compatibility | undefined {
  const said = endpoints.flatMap(({ compat }) => (compat === undefined ? [] : [compat]));
  const [first, ...others] = said;
  if (first === undefined || others.every((each) => each === first)) return first;
  const formats = said.flatMap(({ writes }) => writes ?? []);
  const reads = first.reads.filter((format) => others.every((each) => each.reads.includes(format)));
  const requires = Object.assign({}, ...said.map((each) => each.requires)) as Record<
    string,
    string
  >;
  return { reads, writes: formats.length === 0 ? undefined : Math.max(...formats), requires };
}
