/** How many things one sentence names: what is wrong with one may be wrong with thousands. */
const NAMED_MAX = 3;

/** The first of some texts in one sentence, and how many more there are. "": there are none. */
export function listed(texts: readonly string[]): string {
  const more = texts.length - NAMED_MAX;
  return [...texts.slice(0, NAMED_MAX), ...(more > 0 ? [`${more} more`] : [])].join("; ");
}
