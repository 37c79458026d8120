import type { Principal } from "./principal.ts";

/** Who may call the API. */
export interface Access {
  /** Who makes a call. */
  identify(): Promise<Principal>;
}

/** Whoever can connect may do everything. */
export const openAccess: Access = {
  identify: async () => ({
    actor: "local",
    role: "admin",
    services: undefined,
    stands: () => true,
  }),
};
