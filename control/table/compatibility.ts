import type { ServiceSnapshot, VersionSnapshot } from "../../proxy/table/snapshot.ts";

/** Two versions that cannot be where a change puts them. */
export type Incompatibility = {
  readonly service: string;
  readonly version: string;
  /** For people. */
  readonly text: string;
};

/** Services by name, as workers have them: with what the registry says of their versions. */
export type ServicesSeen = ReadonlyMap<string, { readonly snapshot: ServiceSnapshot }>;

/**
 * What of the services after a change cannot be: a version with weight that does not read what
 * another one writes that has weight now, or had it until now and has left its state; and one that
 * requires another service's version where one with weight is none. Only what the change brings:
 * what was so before is not told. Pure.
 */
export function incompatibilitiesOf(
  before: ServicesSeen,
  after: ServicesSeen,
): readonly Incompatibility[] {
  const old = new Set(flawsOf(before, before).map(({ text }) => text));
  return flawsOf(before, after).filter(({ text }) => !old.has(text));
}

/** The same of two versions of one service that share its traffic, both ways. */
export function pairFlaws(
  services: ServicesSeen,
  name: string,
  pair: readonly string[],
): readonly Incompatibility[] {
  const versions = services.get(name)?.snapshot.versions ?? [];
  const both = versions.filter((each) => pair.includes(each.name));
  return both.flatMap((each) => [
    ...readFlaws(name, each, both),
    ...requireFlaws(name, each, services),
  ]);
}

function flawsOf(before: ServicesSeen, after: ServicesSeen): readonly Incompatibility[] {
  return [...after].flatMap(([name, { snapshot }]) => {
    const weighed = withWeight(snapshot);
    if (!weighed.some(({ compat }) => compat !== undefined)) return [];
    const writers = [...weighed, ...withWeight(before.get(name)?.snapshot)];
    return weighed.flatMap((each) => [
      ...readFlaws(name, each, writers),
      ...requireFlaws(name, each, after),
    ]);
  });
}

function withWeight(service: ServiceSnapshot | undefined): readonly VersionSnapshot[] {
  return service?.versions.filter(({ weight }) => weight > 0) ?? [];
}

function readFlaws(
  service: string,
  { name: version, compat }: VersionSnapshot,
  writers: readonly VersionSnapshot[],
): readonly Incompatibility[] {
  if (compat === undefined) return [];
  const formats = new Map(writers.map((each) => [each.compat?.writes, each.name]));
  return [...formats].flatMap(([format, writer]) => {
    if (format === undefined || writer === version || compat.reads.includes(format)) return [];
    const reads = compat.reads.length === 0 ? "nothing" : compat.reads.join(", ");
    const text = `${version} of ${service} reads ${reads}, and ${writer} writes ${format}`;
    return [{ service, version, text }];
  });
}

function requireFlaws(
  service: string,
  { name: version, compat }: VersionSnapshot,
  services: ServicesSeen,
): readonly Incompatibility[] {
  return Object.entries(compat?.requires ?? {}).flatMap(([needed, range]) => {
    const there = withWeight(services.get(needed)?.snapshot).map(({ name }) => name);
    const wrong = there.filter((each) => !isIn(each, range));
    if (there.length > 0 && wrong.length === 0) return [];
    const found = there.length === 0 ? "is not there" : `is ${wrong.join(", ")} too`;
    const text = `${version} of ${service} requires ${needed} ${range}, which ${found}`;
    return [{ service, version, text }];
  });
}

/** Whether the number in a version's name, `v3.1`, is in a range. A name without one is in none. */
function isIn(name: string, range: string): boolean {
  const found = /\d+(?:\.\d+)*/.exec(name)?.[0].split(".").map(Number);
  if (found === undefined) return false;
  const isLeast = range.startsWith(">=");
  const wanted = range.replace(">=", "").split(".").map(Number);
  for (const [index, part] of wanted.entries()) {
    const own = found[index] ?? 0;
    if (own !== part) return isLeast && own > part;
  }
  return true;
}
