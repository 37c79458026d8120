import { z } from "zod";
import { ACCESS_LOG_FIELDS } from "../../proxy/table/access-log-spec.ts";
import type {
  AccessLogField,
  AccessLogFormat,
  AccessLogSpec,
} from "../../proxy/table/access-log-spec.ts";
import { duration, list, matching, strict, text } from "./schema-parts.ts";

/** What a line says unless `fields` is there. Nothing that is often a secret: no query string. */
const FIELDS_DEFAULT: readonly AccessLogField[] = ACCESS_LOG_FIELDS.filter(
  (field) => !["query", "userAgent", "referer", "serverName"].includes(field),
);

const SLOW_DEFAULT_MS = 1_000;

const FIELD = /\{(\w+)\}/;

const TEMPLATE_WANTED =
  "a text of one line in ASCII, with fields such as {client} or {durationMs} in it";

const template = matching(/^[ -~]{1,4096}$/, TEMPLATE_WANTED).superRefine((written, context) => {
  for (const name of fieldsOf(written)) {
    if (isField(name)) continue;
    const message = `only fields that there are: ${ACCESS_LOG_FIELDS.join(", ")}`;
    context.addIssue({ code: "custom", message, params: { found: JSON.stringify(`{${name}}`) } });
  }
});

const sample = z
  .number({ error: "a number from 0 to 1" })
  .min(0, { error: "a number from 0 to 1" })
  .max(1, { error: "a number from 0 to 1" });

const FORMATS = ["json", "combined"] as const;

/** `accessLog`: what is written of each request, and where. */
export const accessLogSchema = strict({
  /** A file, relative to the configuration's folder. Absent: standard output. */
  path: text.optional(),
  format: z.enum(FORMATS, { error: `one of ${FORMATS.join(", ")}` }).optional(),
  /** In place of a format. */
  template: template.optional(),
  fields: list(z.enum(ACCESS_LOG_FIELDS), ACCESS_LOG_FIELDS.length)
    .min(1, { error: "at least one field" })
    .refine((names) => new Set(names).size === names.length, { error: "each field once" })
    .optional(),
  /** Of what is neither an error nor slow. */
  sample: sample.optional(),
  slow: duration.default(SLOW_DEFAULT_MS),
  filter: list(z.enum(["errors", "slow"]), 2).default([]),
}).superRefine((read, context) => {
  const refuse = (key: string, message: string, found: string): void =>
    context.addIssue({ code: "custom", path: [key], message, params: { found } });
  if (read.template !== undefined && read.format !== undefined) {
    refuse("template", "either format or template", `a template beside ${read.format}`);
  }
  if (read.fields !== undefined && (read.template !== undefined || read.format === "combined")) {
    refuse("fields", "none but with format json, as the others have their own", "some");
  }
  if (read.filter.length > 0 && read.sample !== undefined) {
    refuse("sample", "none beside filter, which leaves nothing to sample", String(read.sample));
  }
});

type ReadAccessLog = z.output<typeof accessLogSchema>;

/** What workers are told. `resolve`: makes an absolute path of one as written. */
export function accessLogSpec(
  read: ReadAccessLog,
  resolve: (path: string) => string,
): AccessLogSpec {
  return {
    path: read.path === undefined ? undefined : resolve(read.path),
    format: formatOf(read),
    sample: read.sample ?? 1,
    slowMs: read.slow,
    filter: read.filter,
  };
}

function formatOf({ format, template: written, fields }: ReadAccessLog): AccessLogFormat {
  if (format === "combined") return { kind: "combined" };
  if (written === undefined) return { kind: "json", fields: fields ?? FIELDS_DEFAULT };
  // Between the texts are the names, which the schema has looked at.
  const parts = written.split(FIELD);
  return {
    kind: "template",
    literals: parts.filter((_part, index) => index % 2 === 0),
    fields: parts.filter((part, index): part is AccessLogField => index % 2 === 1 && isField(part)),
  };
}

function fieldsOf(written: string): readonly string[] {
  return written.split(FIELD).filter((_part, index) => index % 2 === 1);
}

function isField(name: string): name is AccessLogField {
  return (ACCESS_LOG_FIELDS as readonly string[]).includes(name);
}
