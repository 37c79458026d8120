import type { ServiceDocument } from "../config/service-schema.ts";

/**
 * The document with a version without weight, found in Consul as `like` is, but for its name. As it
 * was if `like` is not found there by its version.
 */
export function versionAdded(
  document: ServiceDocument,
  { name, like }: { readonly name: string; readonly like: string },
): ServiceDocument {
  const { consul } = document.versions[like] ?? {};
  if (consul?.version === undefined) return document;
  const weighed = Object.entries(document.versions).map(([version, each]) => {
    // A version that stands alone may leave its weight out.
    return [version, { ...each, weight: each.weight ?? 1 }] as const;
  });
  const added = [name, { weight: 0, consul: { ...consul, version: name } }] as const;
  return { ...document, versions: Object.fromEntries([...weighed, added]) };
}
