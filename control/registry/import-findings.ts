import { CONSUL_KEYS } from "./consul-keys.ts";
import type { EntryKind, KeyHandling } from "./consul-keys.ts";

/** Where a namespace or partition is called nothing else. */
const DEFAULT_PLACE = "default";

/** One thing found in an entry: its key as people write it, `Splits[1].Service`, and as a kind. */
type Found = { readonly path: string; readonly key: string; readonly value: unknown };

/** What an import has to say besides its document: nothing of an entry is dropped in silence. */
export class ImportFindings {
  readonly #refusals = new Set<string>();
  readonly #notes = new Set<string>();

  /** Why there can be no document, each with advice. Empty: there can. */
  get refusals(): readonly string[] {
    return [...this.#refusals];
  }

  /** What is different here, or left out as harmless. */
  get notes(): readonly string[] {
    return [...this.#notes];
  }

  /** `what`: the entry and its key. */
  refuse(what: string, advice: string): void {
    this.#refusals.add(`${what}: ${advice}`);
  }

  /** `what`: the entry and its key, or the version. */
  note(what: string, text: string): void {
    this.#notes.add(`${what}: ${text}`);
  }

  /** Looks at every key of an entry as Consul gave it; what is empty says nothing. */
  inspect(kind: EntryKind, name: string, entry: Readonly<Record<string, unknown>>): void {
    this.#inspect({ kind, name, entry }, { path: "", key: "", value: entry });
  }

  #inspect(of: Inspected, found: Found): void {
    const { key, value } = found;
    if (isEmpty(value)) return;
    const keys = CONSUL_KEYS.get(of.kind);
    const handling = keys?.get(key);
    if (handling !== undefined) {
      this.#handle(of, found, handling);
      return;
    }
    const isKnown = key === "" || [...(keys?.keys() ?? [])].some((each) => isBelow(each, key));
    const parts = isKnown ? partsOf(found, keys?.keys() ?? []) : undefined;
    if (parts === undefined) {
      this.refuse(`${of.kind} ${of.name}, ${found.path}`, "a key that this version does not know");
      return;
    }
    for (const part of parts) this.#inspect(of, part);
  }

  #handle(of: Inspected, { path, key, value }: Found, handling: KeyHandling): void {
    const what = `${of.kind} ${of.name}, ${path}`;
    if (handling.kind === "ignored") this.note(what, handling.reason);
    if (handling.kind === "refused") {
      const said = handling.except?.get(value);
      if (said === undefined) this.refuse(what, handling.advice);
      else if (said !== "") this.note(what, said);
    }
    if (handling.kind === "here") {
      const own = of.entry[key.split(".").at(-1) ?? ""] || DEFAULT_PLACE;
      if (value !== own) this.refuse(what, handling.advice);
    }
  }
}

type Inspected = {
  readonly kind: EntryKind;
  readonly name: string;
  readonly entry: Readonly<Record<string, unknown>>;
};

/** What is inside. undefined: it is not what this key holds. */
function partsOf({ path, key, value }: Found, keys: Iterable<string>): Found[] | undefined {
  if (Array.isArray(value)) {
    return value.map((each: unknown, index) => ({
      path: `${path}[${index}]`,
      key: `${key}[]`,
      value: each,
    }));
  }
  if (typeof value !== "object" || value === null) return undefined;
  const isNamed = [...keys].some((each) => each.startsWith(`${key}.*`));
  const dot = key === "" ? "" : ".";
  return Object.entries(value).map(([name, each]: [string, unknown]) => ({
    path: `${path}${dot}${name}`,
    key: `${key}${dot}${isNamed ? "*" : name}`,
    value: each,
  }));
}

function isBelow(key: string, above: string): boolean {
  return key.startsWith(`${above}.`) || key.startsWith(`${above}[]`);
}

/** As Go leaves out what has its zero value, or writes it. */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === "object" && value !== null) return Object.values(value).every(isEmpty);
  return value === undefined || value === "" || value === 0 || value === false || value === null;
}
