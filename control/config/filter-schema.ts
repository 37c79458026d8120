import { basename, extname } from "node:path";
import { z } from "zod";
import type { FilterSnapshot } from "../../proxy/table/snapshot.ts";
import { duration, name, strict, text } from "./schema-parts.ts";

/** A hook runs between two reads of a socket: everybody else in its worker waits for it. */
const TIMEOUT_DEFAULT = "5ms";

/** What Node loads as an ES module, types stripped where there are any. */
const EXTENSIONS: readonly string[] = [".js", ".mjs", ".ts", ".mts"];

const NAME_WANTED = "a name, as that of the module's file is none";

/** The file of a filter, as it is written in a configuration. */
export const filterModule = text.refine((file) => EXTENSIONS.includes(extname(file)), {
  error: `a file that ends in ${EXTENSIONS.join(", ")}`,
});

/** What a filter is made with. */
export const filterOptions = z.record(z.string(), z.unknown());

/** One entry of a service's `filters`. */
export const filterSchema = strict({
  module: filterModule,
  name: name.optional(),
  options: filterOptions.default({}),
  onError: z.enum(["bypass", "closed"]).default("bypass"),
  timeout: duration.prefault(TIMEOUT_DEFAULT),
})
  .refine((read) => read.name !== undefined || isName(nameOfFile(read.module)), {
    path: ["name"],
    error: NAME_WANTED,
  })
  .transform(({ module, name: given, options, onError, timeout }): FilterSnapshot => {
    return { name: given ?? nameOfFile(module), module, options, onError, timeoutMs: timeout };
  });

/** The name of a filter that has none of its own: `headers` for `./rules/headers.ts`. */
function nameOfFile(module: string): string {
  return basename(module, extname(module));
}

function isName(candidate: string): boolean {
  return name.safeParse(candidate).success;
}
