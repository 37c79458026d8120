/**
 * What a filter module exports and what its hooks get: the contract with its author.
 * docs/filters.md explains it with examples.
 */
export interface FilterModule {
  /** Of this code and of the state that it exports; 1 … 64 characters. */
  readonly version: string;
  /** Versions whose state importState() can read, besides its own. */
  readonly readsState?: readonly string[];
  /**
   * Makes a filter. Also called for filters that never come into force, so it must have no effects
   * outside. `options`: as configured; `{}` when there are none.
   */
  create(options: Readonly<Record<string, unknown>>): FilterHooks | Promise<FilterHooks>;
}

/** A filter. Everything is optional; request() and response() are synchronous. */
export interface FilterHooks {
  /** Sees a request before a version is chosen for it. */
  request?(head: FilterRequest): void;
  /** Sees the head of the response that the client gets, unless it is one of our own. */
  response?(head: FilterResponse): void;
  /** Checks whether the filter can work; throws, rejects or returns false if not. */
  check?(): unknown;
  /** Returns the state for a successor without changing it. undefined: there is none. */
  exportState?(): unknown;
  /** Takes over the state that another instance of version `fromVersion` exported. */
  importState?(state: unknown, fromVersion: string): void;
}

/** Header fields as they go out. Names in any case; a value has one character a byte (latin1). */
export interface FilterHeaders {
  /** The values of all lines with this name, joined with `, `. undefined: none. */
  header(name: string): string | undefined;
  /** Replaces all lines with this name by one. @throws what appendHeader throws. */
  setHeader(name: string, value: string): void;
  /**
   * Adds a line. @throws FilterMisuseError for a name or value that cannot be sent, for a field
   * that Sluice itself writes, and when the hook has returned.
   */
  appendHeader(name: string, value: string): void;
  /** Removes all lines with this name. @throws what appendHeader throws. */
  removeHeader(name: string): void;
}

/** A request, as it will go upstream. */
export interface FilterRequest extends FilterHeaders {
  readonly method: string;
  /** As routes match it: without query, dot segments resolved. */
  readonly path: string;
  /** What follows the first `?`, still percent-encoded. "": none. */
  readonly query: string;
  /** Answers the request immediately: later filters and the service do not see it. */
  answer(answer: FilterAnswer): void;
  /**
   * Sends the request to this version, whatever split and routes say. @throws FilterMisuseError.
   */
  version(name: string): void;
}

/** A response, as it will go to the client. */
export interface FilterResponse extends FilterHeaders {
  readonly status: number;
}

/** An answer that a filter gives itself. */
export type FilterAnswer = {
  /** 200 … 599. */
  readonly status: number;
  /** Fields of the answer; a list makes several lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent as UTF-8. */
  readonly body?: string;
};

/** Longest version of a module: it is shown in lists. */
const VERSION_LENGTH_MAX = 64;

/** Reads what a module exports. @throws TypeError with what is wrong with it. */
export function readFilterModule(exported: unknown): FilterModule {
  const { version, readsState, create } = exported as Partial<Record<keyof FilterModule, unknown>>;
  if (typeof version !== "string" || version === "" || version.length > VERSION_LENGTH_MAX) {
    throw wrong("version", `a text of 1 to ${VERSION_LENGTH_MAX} characters`, version);
  }
  if (readsState !== undefined && !isTexts(readsState)) {
    throw wrong("readsState", "a list of versions", readsState);
  }
  if (typeof create !== "function") throw wrong("create", "a function", create);
  return exported as FilterModule;
}

/** Reads what create() gave. @throws TypeError with what is wrong with it. */
export function readFilterHooks(made: unknown): FilterHooks {
  if (typeof made !== "object" || made === null) {
    throw new TypeError(`wanted a filter from create(), found ${kindOf(made)}`);
  }
  const hooks = made as Readonly<Record<string, unknown>>;
  for (const name of ["request", "response", "check", "exportState", "importState"]) {
    const hook = hooks[name];
    if (hook !== undefined && typeof hook !== "function") {
      throw new TypeError(`wanted a function as ${name} of the filter, found ${kindOf(hook)}`);
    }
  }
  return made;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function wrong(name: string, wanted: string, found: unknown): TypeError {
  return new TypeError(`wanted export ${name} to be ${wanted}, found ${kindOf(found)}`);
}

function kindOf(value: unknown): string {
  return value === undefined || value === null ? "nothing" : `a ${typeof value}`;
}
