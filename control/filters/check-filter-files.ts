import { dirname } from "node:path";
import type { Config } from "../config/config-schema.ts";
import { pathText } from "../config/problems.ts";
import { ConfigError } from "../base/errors.ts";
import type { Problem } from "../base/errors.ts";
import { FilterFiles } from "./filter-files.ts";

/**
 * Checks whether the modules of all filters can be read, without running any of them. `file`: the
 * configuration's path. @throws ConfigError with every one that cannot.
 */
export async function checkFilterFiles(file: string, config: Config): Promise<void> {
  const files = new FilterFiles(dirname(file), config.control.filterFolders);
  const problems: Problem[] = [];
  for (const [service, { filters }] of Object.entries(config.services)) {
    for (const [index, { module }] of filters.entries()) {
      const code = await files.read(module);
      if (code.kind === "code") continue;
      const path = pathText(["services", service, "filters", index, "module"]);
      problems.push({ path, wanted: "a module that can be read", found: code.reason });
    }
  }
  if (problems.length > 0) throw new ConfigError(file, problems);
}
