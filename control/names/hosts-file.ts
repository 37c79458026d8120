import { isIP } from "node:net";

/**
 * Reads the text of /etc/hosts (hosts(5)): addresses by name in lower case, in the file's order. A
 * name may stand on many lines; lines without a usable address are left out, as the system does.
 */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const byName = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = wordsOf(line);
    if (isIP(address) === 0 || address.includes("%")) continue;
    for (const name of names) addTo(byName, name.toLowerCase(), address);
  }
  return byName;
}

/** What stands before the comment. */
function wordsOf(line: string): string[] {
  const [content = ""] = line.split("#", 1);
  return content.split(/\s+/).filter((word) => word !== "");
}

function addTo(byName: Map<string, string[]>, name: string, address: string): void {
  const known = byName.get(name);
  if (known === undefined) byName.set(name, [address]);
  else if (!known.includes(address)) known.push(address);
}
