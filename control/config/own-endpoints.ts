import { reachesBind } from "./bind-reach.ts";
import type { CrossProblem } from "./cross-problem.ts";
import type { ServiceVersion } from "./service.ts";

/** The endpoints of a document that are this sidecar itself, at one of its (canonical) binds. */
export function ownEndpoints(
  versions: readonly ServiceVersion[],
  binds: readonly string[],
): CrossProblem[] {
  return versions.flatMap(({ name, source }) => {
    if (source.kind !== "static") return [];
    return source.endpoints.flatMap(({ address }, index): CrossProblem[] => {
      const bind = binds.find((each) => reachesBind(address, each));
      if (bind === undefined) return [];
      const found = `${JSON.stringify(address)}, where this sidecar itself answers (${bind})`;
      const path = ["versions", name, "endpoints", index];
      return [{ path, wanted: "an address of the service", found }];
    });
  });
}
