/** What the page shows, as the address says after `#`. */
export type PagePlace =
  | { readonly kind: "services" }
  | { readonly kind: "service"; readonly name: string }
  | { readonly kind: "fleet" }
  | { readonly kind: "audit" };

/** The place of an address; what cannot be read is the list of services. */
export function pagePlaceOf(hash: string): PagePlace {
  const [, kind, name = ""] = /^#\/(service|fleet|audit)(?:\/(.+))?$/.exec(hash) ?? [];
  if (kind === "service") return serviceOf(name);
  return kind === "fleet" || kind === "audit" ? { kind } : { kind: "services" };
}

/** The address of a place. */
export function hashOf(place: PagePlace): string {
  if (place.kind === "services") return "#/";
  if (place.kind === "service") return `#/service/${encodeURIComponent(place.name)}`;
  return `#/${place.kind}`;
}

function serviceOf(encoded: string): PagePlace {
  try {
    const name = decodeURIComponent(encoded);
    return name === "" ? { kind: "services" } : { kind: "service", name };
  } catch {
    return { kind: "services" };
  }
}
