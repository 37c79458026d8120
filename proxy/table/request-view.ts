/**
 * What a route's conditions and affinity look at. The parser's head implements it, and need not
 * make strings of members that nobody asks for.
 */
export interface RequestView {
  /** As sent: methods are case-sensitive (RFC 9110 section 9.1). */
  readonly method: string;
  /** The target's path without query, as `normalisePath` leaves it: `/a/b`, at least `/`. */
  readonly path: string;
  /** What follows the first `?`, still percent-encoded. `""`: no query. */
  readonly queryString: string;
  /**
   * The value of a field, `name` in lower case; several lines joined with `", "`, those of Cookie
   * with `"; "`. undefined: no such field.
   */
  header(name: string): string | undefined;
  /** Its field lines, of which `header` gives the values. */
  readonly fields: {
    readonly count: number;
    /** The hashRange() of the name of line `index`, in lower case. */
    nameHash(index: number): number;
  };
}
