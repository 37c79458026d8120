import { FilterChain } from "../../../proxy/filters/filter-chain.ts";
import type { ChainDeps } from "../../../proxy/filters/filter-chain.ts";
import type { FilterHooks } from "../../../proxy/filters/filter-module.ts";
import { LoadedFilter } from "../../../proxy/filters/loaded-filter.ts";
import type { ModuleLoader, PresentCode } from "../../../proxy/filters/module-loader.ts";
import type { FilterSpec } from "../../../proxy/table/filter-spec.ts";
import type { FilterSnapshot } from "../../../proxy/table/snapshot.ts";
import type { LogFields } from "../../../proxy/base/log.ts";

/** The head of a request as the rewriter leaves it. */
export const HEAD = "GET /a HTTP/1.1\r\nHost: web\r\nX-A: 1\r\n\r\n";

/** A filter's configuration. */
export function filterSnapshot(name: string, deps: Partial<FilterSnapshot> = {}): FilterSnapshot {
  return { name, module: `./${name}.ts`, options: {}, onError: "bypass", timeoutMs: 5, ...deps };
}

/** A filter with its code. `text`: what FakeLoader knows its module by. */
export function filterSpec(
  name: string,
  text: string,
  deps: Partial<FilterSnapshot> = {},
): FilterSpec {
  const code = { kind: "code", url: `file:///${name}.ts`, hash: text, text } as const;
  return { filter: filterSnapshot(name, deps), code };
}

const NEVER = new Error("Nobody waits any more");

/** Gives modules of the test's own by their text. */
export class FakeLoader implements ModuleLoader {
  readonly modules: Record<string, unknown>;

  constructor(modules: Record<string, unknown> = {}) {
    this.modules = modules;
  }

  async load({ text }: PresentCode): Promise<unknown> {
    if (!(text in this.modules)) throw new SyntaxError("Unexpected token");
    return this.modules[text];
  }
}

/** What chains stand on: time that a test turns, and a log that it reads. */
export class FakeParts implements ChainDeps {
  #passedMs = 0;
  readonly clock = {
    nowMs: (): number => this.#passedMs,
    wallMs: (): number => 0,
    // Nothing here waits for longer than it works.
    sleep: (_forMs: number, signal?: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(NEVER))),
  };
  readonly logged: LogFields[] = [];
  readonly log = {
    info: (): void => undefined,
    warn: (_event: string, fields: LogFields = {}): void => void this.logged.push(fields),
    error: (): void => undefined,
  };

  /** Time goes by. */
  pass(forMs: number): void {
    this.#passedMs += forMs;
  }
}

/** A chain of filters that are made of these hooks. */
export async function chainOf(
  deps: ChainDeps,
  filters: Readonly<Record<string, FilterHooks & { readonly onError?: "bypass" | "closed" }>>,
): Promise<FilterChain> {
  const loaded = Object.entries(filters).map(([name, { onError = "bypass", ...hooks }]) => {
    const loader = new FakeLoader({ it: { version: "1", create: () => hooks } });
    return LoadedFilter.load(filterSpec(name, "it", { onError }), undefined, loader);
  });
  return new FilterChain("web", await Promise.all(loaded), deps);
}
