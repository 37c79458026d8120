import { grpcStatusSet } from "../grpc/status.ts";
import { keyReader } from "./affinity.ts";
import type { KeyReader } from "./affinity.ts";
import { hash32 } from "./hash.ts";
import { EQUAL_SHARES, RANK_SHARES } from "./priority.ts";
import type { RequestView } from "./request-view.ts";
import { RouteConditions } from "./route-conditions.ts";
import { RouteIndex } from "./route-index.ts";
import { compileRoute } from "./route-table.ts";
import type { RouteTable } from "./route-table.ts";
import type { Policy, ServiceSnapshot } from "./snapshot.ts";
import { StickyCookie } from "./sticky-cookie.ts";
import { toleranceSet } from "./tolerance.ts";
import { compileVersions, stableVersion } from "./version-table.ts";
import type { VersionTable } from "./version-table.ts";

/** Any two different numbers: other ones would choose other keys everywhere. */
const SALT_SEEDS = [0x517cc1b7, 0x27220a95] as const;

/** One service, compiled: immutable, and the same object until its snapshot changes. */
export class ServiceTable {
  readonly name: string;
  readonly snapshot: ServiceSnapshot;
  /** In configured order. */
  readonly versions: readonly VersionTable[];
  /** One of `versions`, unless the service has none. */
  readonly stable: VersionTable;
  /** The policy if no route matches. */
  readonly policy: Policy;
  readonly hasRoutes: boolean;
  /** How much of a limit may be in use before a request of each rank is shed. */
  readonly shares: typeof RANK_SHARES;
  /** The rules of HTTP that its messages may break: see toleranceSet. */
  readonly tolerated: number;
  /** The statuses of gRPC that count as failures: see grpcStatusSet. */
  readonly grpcFailures: number;
  /** The salt's part in rendezvous hashing: two int32. */
  readonly keySeeds: { readonly high: number; readonly low: number };
  /** What keeps a client's place. undefined: no cookie does. */
  readonly cookie: StickyCookie | undefined;
  /** Requests with a key stick to an endpoint of their version, too. */
  readonly sticksToEndpoint: boolean;
  /** Sessions go only to versions that read what has been written for them: see canRead(). */
  readonly fences: boolean;
  readonly #routes: RouteIndex;
  readonly #readKey: KeyReader;

  /** Compiles a snapshot. It validates nothing: a service without versions never has a pick. */
  constructor(snapshot: ServiceSnapshot) {
    const { salt, affinity } = snapshot;
    this.name = snapshot.name;
    this.snapshot = snapshot;
    this.versions = compileVersions(snapshot);
    this.stable = stableVersion(snapshot, this.versions);
    this.policy = snapshot.policy;
    this.tolerated = toleranceSet(snapshot.tolerate);
    this.grpcFailures = grpcStatusSet(snapshot.grpc.failures);
    const tellsApart = snapshot.routes.some(({ priority }) => priority !== undefined);
    this.shares = tellsApart ? RANK_SHARES : EQUAL_SHARES;
    this.hasRoutes = snapshot.routes.length > 0;
    this.keySeeds = { high: hash32(salt, SALT_SEEDS[0]), low: hash32(salt, SALT_SEEDS[1]) };
    const conditions = new RouteConditions();
    this.#routes = new RouteIndex(
      snapshot.routes.map((route, index) => {
        return compileRoute(route, this.versions, conditions, index + 1);
      }),
      conditions,
    );
    this.cookie = affinity?.kind === "cookie" ? new StickyCookie(affinity, snapshot) : undefined;
    this.fences = this.cookie !== undefined && this.versions.some(({ reads }) => reads);
    this.#readKey = keyReader(affinity);
    this.sticksToEndpoint = affinity?.toEndpoint === true;
  }

  /** Whether the service takes requests with this method. */
  takesMethod(method: string): boolean {
    const { methods } = this.snapshot;
    return methods.length === 0 || methods.includes(method);
  }

  /** The first route in configured order that matches. undefined: none does. */
  route(request: RequestView): RouteTable | undefined {
    return this.hasRoutes ? this.#routes.find(request) : undefined;
  }

  /**
   * What the request's choice of a version sticks to. undefined: the service is unkeyed, or the
   * request does not carry the key or carries it empty.
   */
  affinityKey(request: RequestView, clientAddress: string): string | undefined {
    return this.#readKey(request, clientAddress);
  }
}
