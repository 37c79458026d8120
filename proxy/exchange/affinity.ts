import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { setsCookie } from "../http1/set-cookie.ts";
import { isForSharedCaches } from "../http1/shared-caching.ts";
import { newPlace, pickByPlace, placeIn, placeOfKey } from "../table/rendezvous.ts";
import type { RequestView } from "../table/request-view.ts";
import type { FencedSession } from "../table/fence.ts";
import type { SplitPlace } from "../table/split-place.ts";
import type { ServiceTable } from "../table/service-table.ts";
import type { KeptPlace, StickyCookie } from "../table/sticky-cookie.ts";
import type { VersionTable } from "../table/version-table.ts";
import type { Peer } from "../transport/peer.ts";
import type { LiveService } from "../upstream/live-service.ts";

/** What an Affinity needs. */
export type AffinityDeps = { readonly clock: Clock; readonly random: Random };

/**
 * Where a request's place in the split is from. `none`: it has none. `key`: the place of its key.
 * `own`: our own cookie. `ours`: a value of ours under the configured name. `new`: drawn now.
 */
type Source = "none" | "key" | "own" | "ours" | "new";

/**
 * What a request's choice of a version sticks to, and how its client keeps it. One object for each
 * exchange, reused.
 */
export class Affinity {
  readonly #deps: AffinityDeps;
  readonly #kept: KeptPlace = { high: 0, low: 0, issuedS: 0, epoch: 0 };
  #source: Source = "none";
  #service: ServiceTable | undefined;
  #isOverTls = false;
  /** The version of a request without a place. undefined: it has one, or is not for the split. */
  #picked: VersionTable | undefined;

  constructor(deps: AffinityDeps) {
    this.#deps = deps;
  }

  /** Forgets the last request and its service. */
  clear(): void {
    this.#source = "none";
    this.#service = undefined;
    this.#picked = undefined;
  }

  /** A part of the request's place, which tells clients apart. undefined: it has none. */
  get key(): number | undefined {
    return this.#source === "none" ? undefined : this.#kept.high;
  }

  /** Reads the request's place. Whether it has one, from which a retry must not lead away. */
  read(service: ServiceTable, request: RequestView, client: Peer): boolean {
    this.#service = service;
    this.#isOverTls = client.tls !== undefined;
    this.#picked = undefined;
    this.#kept.epoch = 0;
    this.#source = this.#find(service, request, client.address);
    return this.#source !== "none";
  }

  /** The session that was read. undefined: any version may have it. */
  get fenced(): FencedSession | undefined {
    return this.#kept.epoch > 0 && this.#service?.fences === true ? this.#kept : undefined;
  }

  /** What the request's endpoint follows from. undefined: it may go to any of its version. */
  get endpointPlace(): Readonly<SplitPlace> | undefined {
    const hasPlace = this.#source !== "none" && this.#service?.sticksToEndpoint === true;
    return hasPlace ? this.#kept : undefined;
  }

  /**
   * The version of the place that was read. Without one: the next of the service's sequence, with a
   * place there where new sessions get a cookie. undefined: there is none.
   */
  pick({ table, quota }: Pick<LiveService, "table" | "quota">): VersionTable | undefined {
    if (this.#source === "none") {
      this.#picked = quota.next(table);
      if (table.cookie?.sets !== true) return this.#picked;
      newPlace(table, this.#picked, this.#deps.random, this.#kept);
      this.#source = "new";
    }
    return pickByPlace(table, this.#kept);
  }

  /**
   * What tells the client with this answer to keep its place, as field lines. "": nothing.
   * `version`: whose answer it is.
   */
  fields(head: ResponseHead, version: string | undefined): string {
    const service = this.#service;
    const cookie = service?.cookie;
    if (service === undefined || cookie === undefined) return "";
    const wallMs = this.#deps.clock.wallMs();
    const nowS = Math.floor(wallMs / 1_000);
    const epoch = service.fences ? epochAfter(this.#kept, service, version) : this.#kept.epoch;
    const isRaised = epoch !== this.#kept.epoch;
    const name = this.#nameToSet(cookie, setsCookie(head.fields, cookie.name), isRaised, nowS);
    if (name === undefined) return "";
    if (!cookie.onCacheable && isForSharedCaches(head, wallMs)) return "";
    if (this.#source === "none" && !this.#keepPicked(service)) return "";
    this.#kept.issuedS = nowS;
    this.#kept.epoch = epoch;
    return cookie.line(name, this.#kept, this.#isOverTls);
  }

  #find(service: ServiceTable, request: RequestView, clientAddress: string): Source {
    const { cookie } = service;
    if (cookie?.readOwn(request.header("cookie"), this.#kept) === true) return "own";
    const key = service.affinityKey(request, clientAddress);
    if (key === undefined) return "none";
    if (cookie?.read(key, this.#kept) === true) return "ours";
    placeOfKey(service, key, this.#kept);
    return "key";
  }

  /**
   * The name of the cookie to set. undefined: none. When the application sets the one that is
   * configured (`isTheirs`), what it says is the only one of that name, and its client's place goes
   * into our own, because the new key would have another place. `isRaised`: there is a new epoch.
   */
  #nameToSet(
    cookie: StickyCookie,
    isTheirs: boolean,
    isRaised: boolean,
    nowS: number,
  ): string | undefined {
    const isDue = isRaised || cookie.isDue(this.#kept, nowS);
    switch (this.#source) {
      case "own":
        return isDue ? cookie.ownName : undefined;
      case "ours":
        if (isTheirs) return cookie.ownName;
        return isDue ? cookie.name : undefined;
      case "new":
        return isTheirs ? cookie.ownName : cookie.name;
      case "key":
        return isTheirs || isRaised ? cookie.ownName : undefined;
      case "none":
        return isTheirs ? cookie.ownName : undefined;
    }
  }

  /** A place where the client's next request finds the version that this one was given. */
  #keepPicked(service: ServiceTable): boolean {
    const picked = this.#picked;
    return picked !== undefined && placeIn(picked, service, this.#deps.random, this.#kept);
  }
}

/** The highest format that has been written for a session, with what this version writes. */
function epochAfter(
  { epoch }: Readonly<KeptPlace>,
  { versions }: ServiceTable,
  version: string | undefined,
): number {
  const writer = versions.find(({ name }) => name === version);
  return Math.max(epoch, writer?.writes ?? 0);
}
