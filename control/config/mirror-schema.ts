import { z } from "zod";
import { list, methods, name, strict, token } from "./schema-parts.ts";

/** Fields that one comparison leaves out. */
const IGNORED_MAX = 64;

const PERCENT_WANTED = "a number from 0 to 100";

const percent = z
  .number({ error: PERCENT_WANTED })
  .min(0, { error: PERCENT_WANTED })
  .max(100, { error: PERCENT_WANTED });

const compare = strict({
  status: z.boolean().default(true),
  headers: z.boolean().default(false),
  body: z.boolean().default(false),
  ignore: list(token, IGNORED_MAX).default([]),
}).transform(({ ignore, ...parts }) => ({
  ...parts,
  ignored: ignore.map((each) => each.toLowerCase()),
}));

/** `mirror` of a service or route. */
export const mirrorSchema = strict({
  to: name,
  percent: percent.default(100),
  // What changes nothing may be done twice (RFC 9110 section 9.2.1).
  methods: methods.default(["GET", "HEAD", "OPTIONS"]),
  compare: compare.optional(),
  rollout: name.optional(),
}).transform(({ compare: compared, rollout: _rollout, ...copied }) => {
  return { ...copied, compare: compared };
});

const flag = z.boolean().optional();

/** What a rollout may have copied to its new version, as documents say it, without defaults. */
export const copiesAsked = strict({
  percent: percent.gt(0, { error: PERCENT_WANTED }).optional().describe("Absent: 100"),
  methods: methods.optional().describe("Absent: GET, HEAD, OPTIONS"),
  compare: strict({
    status: flag,
    headers: flag,
    body: flag,
    ignore: list(token, IGNORED_MAX).optional(),
  }).optional(),
});

/** The same as a type. */
export type CopiesAsked = z.output<typeof copiesAsked>;
