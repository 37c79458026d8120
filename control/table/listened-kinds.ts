import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import { ValidationError } from "../base/errors.ts";
import { kindOf, wrongKinds } from "../config/listened-services.ts";
import { pathText } from "../config/problems.ts";
import type { DesiredTable } from "./desired-table.ts";

/**
 * Refuses a table in which listeners lead to services of another kind than they speak. `names`: the
 * services that matter; undefined: all do. @throws ValidationError
 */
export function refuseWrongKinds(
  { services }: DesiredTable,
  listeners: readonly ListenerSnapshot[],
  names?: readonly string[],
): void {
  const flaws = wrongKinds(listeners, (name) => {
    const matters = names === undefined || names.includes(name);
    return matters && services.has(name) ? kindOf(services.get(name)?.service) : undefined;
  });
  if (flaws.length === 0) return;
  const problems = flaws.map(({ path: [at, ...path], ...flaw }) => {
    const bind = listeners[Number(at)]?.bind ?? "";
    return { ...flaw, path: `listener ${bind}: ${pathText(path)}` };
  });
  throw new ValidationError("the table", problems);
}
