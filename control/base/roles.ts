/** What callers of the control API may do, the least first; each may all that those before may. */
export const ROLES = ["read", "shift", "write", "admin"] as const;

/** One of them. docs/control-api.md says which calls each may make. */
export type Role = (typeof ROLES)[number];

/**
 * Whether somebody with the role `held` may do what takes the role `needed`. `none`: of callers
 * that nobody knows.
 */
export function reaches(held: Role | "none", needed: Role): boolean {
  return held !== "none" && ROLES.indexOf(held) >= ROLES.indexOf(needed);
}
