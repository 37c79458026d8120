import { z } from "zod";
import { AUDIT_LIST_MAX } from "../records/audit.ts";
import type { AuditEntry } from "../records/audit-entry.ts";
import { withoutSecrets } from "../table/hidden-values.ts";
import { maySeeHistory } from "./auth/permission.ts";
import type { Principal } from "./auth/principal.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";
import { redacted } from "./services-routes.ts";
import { askerOf, reasonHeaders } from "./write-context.ts";

const entrySchema = z.looseObject({
  sequence: z.int(),
  time: z.string(),
  actor: z.string(),
  action: z.string(),
  service: z.string().optional(),
  reason: z.string().optional(),
  revision: z.int(),
  previousHash: z.string(),
  hash: z.string(),
  redacted,
});

const checkSchema = z.object({
  entries: z.int().describe("Entries that were read and hold"),
  torn: z.int().describe("Lines that are no entries, such as a crash leaves"),
  brokenAt: z.int().optional().describe("The first sequence number that does not hold"),
  head: z.object({ sequence: z.int(), hash: z.string() }).describe("The last entry that holds"),
});

const digits = (most: number): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> =>
  z
    .string()
    .regex(/^\d{1,15}$/, { error: `a whole number from 0 to ${most}` })
    .refine((text) => Number(text) <= most, { error: `a whole number from 0 to ${most}` })
    .transform(Number);

/**
 * `GET /v1/audit`: who changed what, when and why. `GET /v1/audit/check`: whether that is true.
 * `POST /v1/audit/accept`: somebody knows why it is not what it was.
 */
export function auditRoutes(api: Api, deps: ApiDeps): void {
  const { audit } = deps;
  acceptRoute(api, deps);
  api.get(
    "/v1/audit",
    {
      config: { role: "read" },
      schema: {
        summary: "Read the audit log",
        description:
          "Hash-chained entries, oldest first: each `hash` covers the entry and the hash before " +
          "it. Whoever is not an admin sees no secrets in `before` and `after`.",
        querystring: z.strictObject({
          since: digits(Number.MAX_SAFE_INTEGER)
            .optional()
            .describe("Return the first entries after this sequence number; absent: the newest"),
          limit: digits(AUDIT_LIST_MAX).default(100).describe("Most entries to return"),
        }),
        response: {
          200: z.object({ entries: z.array(entrySchema) }),
          ...problemResponses(422, 503),
        },
      },
    },
    async ({ query, principal }) => {
      const entries = await audit.list(query);
      return { entries: entries.map((entry) => entryFor(principal, entry)) };
    },
  );
  api.get(
    "/v1/audit/check",
    {
      config: { role: "read" },
      schema: {
        summary: "Check the chain of the audit log",
        description:
          "Reads the whole log. That somebody has cut off its end shows only in `head`: compare " +
          "it with the `audit` of a `table.changed` in the sidecar's log.",
        response: { 200: checkSchema, ...problemResponses(503) },
      },
    },
    async () => audit.verify(),
  );
}

/** An entry for somebody to look at. Where values are hidden, its hash does not fit any more. */
function entryFor(principal: Principal, entry: AuditEntry): z.input<typeof entrySchema> {
  const { before, after } = entry;
  if (maySeeHistory(principal, entry.service)) return { ...entry };
  const [was, is] = [withoutSecrets(before), withoutSecrets(after)];
  if (was.isWhole && is.isWhole) return { ...entry };
  return { ...entry, before: was.value, after: is.value, redacted: true };
}

function acceptRoute(api: Api, { registry, services }: ApiDeps): void {
  api.post(
    "/v1/audit/accept",
    {
      config: { role: "admin" },
      schema: {
        summary: "Accept that the audit log is not what was noted of it",
        description:
          "Ends the problem that a log which was cut off or written anew is. That becomes an " +
          "entry of the log. Without such a problem nothing changes.",
        headers: reasonHeaders,
        response: {
          200: z.object({ accepted: z.boolean().describe("Whether there was such a problem") }),
          ...problemResponses(400, 503),
        },
      },
    },
    async (request, reply) => {
      const by = askerOf(request);
      const accepted = await registry?.shared?.acceptAudit(by, services.revision);
      return reply.send({ accepted: accepted ?? false });
    },
  );
}
