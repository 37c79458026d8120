import { z } from "zod";
import { authSchema } from "./auth-schema.ts";
import { configShape } from "./config-shape.ts";
import { listenerTlsSchema } from "./tls-schema.ts";

/** A part of a JSON Schema. */
type Part = Readonly<Record<string, unknown>>;

/** Texts that stand for a whole object: their schemas read them before zod looks. */
const SHORT_FORMS: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [listenerTlsSchema, "connect"],
  [authSchema, "off"],
]);

/** A text with a variable somewhere: what it becomes is known only where Sluice runs. */
const VARIABLE = "\\$\\{";

/** A number or boolean can come from a text that is one variable and nothing else. */
const LONE_VARIABLE = "^\\$\\{.*\\}$";

/** What says something about a value in an editor, and nothing about which values there may be. */
const SAYINGS: ReadonlySet<string> = new Set(["default", "description"]);

/**
 * The JSON Schema (draft 7, which all editors know) of a `sluice.yaml` as it is written, variables
 * and all. It takes all that Sluice takes; how values must fit together, only `sluice check` knows.
 */
export function editorSchema(): Part {
  const written = z.toJSONSchema(configShape, {
    target: "draft-7",
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const short = SHORT_FORMS.get(zodSchema);
      if (short === undefined) return;
      const whole = { ...jsonSchema };
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      jsonSchema.anyOf = [whole, { type: "string", const: short }];
    },
  });
  const { $schema, ...rest } = withVariables(written) as Record<string, unknown>;
  // Those are where anchors are kept.
  return { $schema, title: "Configuration of Sluice", ...rest, patternProperties: { "^x-": {} } };
}

/** The same schema, which also takes variables wherever Sluice puts their values in. */
function withVariables(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withVariables);
  if (typeof part !== "object" || part === null) return part;
  const { oneOf, ...others } = part as Part;
  // Where a variable stands, more than one option may be meant.
  const inner = Object.entries(oneOf === undefined ? others : { ...others, anyOf: oneOf });
  return scalarWithVariables(
    Object.fromEntries(inner.map(([key, value]) => [key, read(key, value)])),
  );
}

function read(key: string, value: unknown): unknown {
  if (key === "properties") {
    const properties = Object.entries(value as Part);
    return Object.fromEntries(properties.map(([name, each]) => [name, withVariables(each)]));
  }
  // Not `propertyNames`: keys stand for themselves.
  return ["items", "anyOf", "additionalProperties"].includes(key) ? withVariables(value) : value;
}

function scalarWithVariables(part: Part): Part {
  const { type, pattern } = part;
  if ("enum" in part || "const" in part) {
    const entries = Object.entries(part);
    const choice = Object.fromEntries(entries.filter(([key]) => !SAYINGS.has(key)));
    const sayings = Object.fromEntries(entries.filter(([key]) => SAYINGS.has(key)));
    return { ...sayings, anyOf: [choice, { type: "string", pattern: VARIABLE }] };
  }
  if (typeof pattern === "string") return { ...part, pattern: `(?:${pattern})|${VARIABLE}` };
  if (type === "integer" || type === "number" || type === "boolean") {
    // A pattern is for texts, and bounds are for numbers: each leaves the other alone.
    return { ...part, type: [type, "string"], pattern: LONE_VARIABLE };
  }
  return part;
}
