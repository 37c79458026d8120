import { headEdit } from "./head-edit.ts";
import type { HeadEdit } from "./head-edit.ts";
import type { RequestView } from "./request-view.ts";
import type { CorsPolicy } from "./route-actions.ts";

/** What an endpoint says of it does not count: two answers to one question are none. */
const REMOVED = [
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-expose-headers",
  "access-control-max-age",
];

type Wildcard = { readonly prefix: string; readonly suffix: string };

/**
 * Says which scripts of other sites may use a route (CORS; Fetch, section 3.3). One for each route
 * that has it, made with its table.
 */
export class Cors {
  readonly #policy: CorsPolicy;
  readonly #any: boolean;
  readonly #origins: ReadonlySet<string>;
  readonly #wildcards: readonly Wildcard[];

  constructor(policy: CorsPolicy) {
    this.#policy = policy;
    this.#any = policy.origins.includes("*");
    this.#origins = new Set(policy.origins);
    this.#wildcards = policy.origins.flatMap((origin) => {
      const [prefix = "", suffix] = origin.split("*", 2);
      return suffix === undefined || origin === "*" ? [] : [{ prefix, suffix }];
    });
  }

  /**
   * The fields of the answer to a preflight, which asks whether a request may be made. undefined:
   * the request is none.
   */
  preflight(request: RequestView): string | undefined {
    if (request.method !== "OPTIONS") return undefined;
    const origin = request.header("origin");
    const method = request.header("access-control-request-method");
    if (origin === undefined || method === undefined) return undefined;
    const vary = "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n";
    if (!this.#allows(origin)) return vary;
    const { methods, headers, maxAgeS } = this.#policy;
    const fields = headers.length === 0 ? "" : line("Allow-Headers", headers.join(", "));
    return (
      this.#originLines(origin) +
      line("Allow-Methods", methods.join(", ")) +
      fields +
      line("Max-Age", String(maxAgeS)) +
      vary
    );
  }

  /** What the answer to any other request gets. */
  edit(request: RequestView): HeadEdit {
    const { removed } = headEdit({ removed: REMOVED, added: [] });
    const vary = this.#any ? "" : "Vary: Origin\r\n";
    const origin = request.header("origin");
    if (origin === undefined || !this.#allows(origin)) return { removed, lines: vary };
    const { exposed } = this.#policy;
    const shown = exposed.length === 0 ? "" : line("Expose-Headers", exposed.join(", "));
    return { removed, lines: this.#originLines(origin) + shown + vary };
  }

  #originLines(origin: string): string {
    const credentials = this.#policy.credentials ? line("Allow-Credentials", "true") : "";
    return line("Allow-Origin", this.#any ? "*" : origin) + credentials;
  }

  #allows(origin: string): boolean {
    if (this.#any || this.#origins.has(origin)) return true;
    return this.#wildcards.some(({ prefix, suffix }) => {
      if (!origin.startsWith(prefix) || !origin.endsWith(suffix)) return false;
      const host = origin.slice(prefix.length, origin.length - suffix.length);
      return /^[a-z0-9.-]+$/i.test(host);
    });
  }
}

function line(name: string, value: string): string {
  return `Access-Control-${name}: ${value}\r\n`;
}
