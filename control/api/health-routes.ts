import { z } from "zod";
import { reaches } from "../base/roles.ts";
import { problemsOf, problemsSchema } from "../views/problems-view.ts";
import type { Problems } from "../views/problems-view.ts";
import type { Api, ApiDeps, SidecarControl } from "./deps.ts";

/** Whoever shows no credential where callers have one is told `ready` and `reasons` only. */
const readiness = problemsSchema.partial().extend({
  ready: z.boolean(),
  reasons: z.array(z.string()).describe("Why it is not ready"),
  stale: z
    .array(z.string())
    .optional()
    .describe("What may be out of date while it serves, and why"),
});

/** `GET /livez` and `GET /readyz`. `unwell`: see unwellOf(). */
export function healthRoutes(
  api: Api,
  sidecar: Pick<SidecarControl, "ready">,
  unwell: () => Promise<Unwell>,
): void {
  const live = z.object({ live: z.literal(true) });
  api.get(
    "/livez",
    {
      config: { role: "anyone" },
      schema: { summary: "Whether the process answers", response: { 200: live } },
    },
    async () => ({ live: true as const }),
  );
  api.get(
    "/readyz",
    {
      config: { role: "anyone" },
      schema: {
        summary: "Whether this sidecar should get traffic",
        description:
          "503 before the first table and while draining. Without its registry a sidecar " +
          "continues with what it knows, and where nothing serves a service others still are " +
          "served: the answer is 200, and `problems` and `stale` say so.",
        response: { 200: readiness, 503: readiness },
      },
    },
    async ({ principal }, reply) => {
      const { ok, reasons } = sidecar.ready;
      const more = reaches(principal.role, "read") ? await unwell() : {};
      return reply.code(ok ? 200 : 503).send({ ready: ok, reasons: [...reasons], ...more });
    },
  );
}

/** What is not well while it serves. */
export type Unwell = Problems & { stale: string[] };

/** Looks at the whole table for what is not well. */
export function unwellOf({
  access,
  audit,
  registry,
  storeProblem,
  services,
  lately,
  certificates,
}: ApiDeps): Unwell {
  const store = storeProblem?.();
  const ofRegistry = registry?.stale ?? [];
  const shown = services.names().map((name) => services.shown(name));
  const problems = problemsOf({
    services: shown,
    lately: lately(),
    stale: ofRegistry,
    store,
    refused: services.refused,
    fleet: registry?.shared?.fleetProblem,
    audit: [audit.problem ?? [], registry?.shared?.auditProblem ?? []].flat(),
    certificates: certificates.status(),
    credentials: access.problems,
  });
  const stale = store === undefined ? ofRegistry : [`table: ${store}`, ...ofRegistry];
  return { stale: [...stale], ...problems };
}
