import { z } from "zod";
import { ROLES } from "../base/roles.ts";
import type { Api } from "./deps.ts";

const whoamiSchema = z.object({
  actor: z.string().describe("As the audit log has it, such as `token:ci`"),
  role: z.enum([...ROLES, "none"]),
  services: z
    .array(z.string())
    .optional()
    .describe("Those that you may change; absent: all. You may look at all of them"),
});

/** `GET /v1/whoami`: who the caller is to this sidecar, and what they may do. */
export function whoamiRoute(api: Api): void {
  api.get(
    "/v1/whoami",
    {
      config: { role: "read" },
      schema: { summary: "Say who you are and what you may do", response: { 200: whoamiSchema } },
    },
    async ({ principal: { actor, role, services } }) => ({
      actor,
      role,
      ...(services === undefined ? {} : { services: [...services] }),
    }),
  );
}
