import { z } from "zod";
import { evidenceNoteSchema } from "./evidence-note.ts";
import type { LookEntry } from "./look-entry.ts";
import { PHASES } from "./rollout.ts";
import { rolloutSchema } from "./rollout-document.ts";

const count = z.number().min(0);
const counts = z.object({ requests: count, failures: count });

const arm = counts.extend({
  failingKeys: count,
  latencies: z.array(z.tuple([z.int().min(0), count])),
  endpoints: z.array(counts).optional(),
  routes: z.array(counts).optional(),
});

const lookSchema = z.object({
  kind: z.literal("look"),
  atMs: z.number(),
  id: z.string(),
  state: rolloutSchema.pick({
    phase: true,
    why: true,
    step: true,
    stage: true,
    stageSinceMs: true,
    retreat: true,
    settled: true,
    revision: true,
    released: true,
  }),
  seconds: z.array(z.object({ step: rolloutSchema.shape.step, stable: arm, canary: arm })),
  endpoints: z.array(z.string()).optional(),
  table: z
    .object({
      revision: z.int(),
      weights: z.record(z.string(), z.int()),
      route: z.string().optional(),
      copies: z.string().optional(),
      old: z
        .array(z.object({ address: z.string(), state: z.string(), usable: z.boolean() }))
        .optional(),
      canaryEndpoints: z.int(),
      stableEndpoints: z.int().optional(),
      backEndpoints: z.int().optional(),
      isStored: z.boolean(),
    })
    .optional(),
  frozen: z.string().optional(),
  hook: z.object({ question: z.string(), says: z.string(), text: z.string() }).optional(),
  readings: z
    .array(
      z.object({
        name: z.string(),
        value: z.number().optional(),
        ageMs: z.number(),
        bad: z.int(),
        problem: z.string().optional(),
      }),
    )
    .optional(),
  siblings: z
    .array(
      z.object({
        service: z.string(),
        phase: z.enum(PHASES).optional(),
        stage: z.int(),
        share: z.number(),
        settled: z.boolean(),
        wants: z.number().optional(),
      }),
    )
    .optional(),
  fewSeen: z.string().optional(),
  nothingSeen: z.boolean().optional(),
  servingMs: z.number().optional(),
  blindMs: z.number(),
  blindFor: z.string().optional(),
  // As it stands: it is compared, to the last character.
  decision: z.custom((value) => typeof value === "object" && value !== null),
});

const entrySchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("begin"),
    atMs: z.number(),
    rollout: rolloutSchema,
    goesOn: z.boolean().optional(),
    evidence: evidenceNoteSchema.optional(),
  }),
  lookSchema,
]);

/** An entry of a decision log. undefined: it is none that this version can read. */
export function readLookEntry(entry: unknown): LookEntry | undefined {
  return entrySchema.safeParse(entry).data as LookEntry | undefined;
}
