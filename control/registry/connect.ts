import type { Intentions } from "../../proxy/intentions/intentions.ts";
import type { TlsMaterial } from "../../proxy/table/tls.ts";
import { CONNECT_IDENTITY, CONNECT_TRUST } from "../config/tls-files.ts";
import { consulPath } from "../consul/client.ts";
import { parseLeaf, parseRoots } from "./connect-answer.ts";
import type { ConnectLeaf, ConnectRoots } from "./connect-answer.ts";
import { followIntentions } from "./followed-intentions.ts";
import type { FoundIntentions } from "./followed-intentions.ts";
import { FollowedPath } from "./followed-path.ts";
import type { FollowedPathDeps } from "./followed-path.ts";
import { LatestTold } from "./latest-told.ts";

/** The agent renews by itself, rarely: if answers come faster, something is wrong with it. */
const LIMIT = { burst: 3, refillMs: 1_000 };

/** Certificates and roots, without the tickets that others add. */
export type ConnectMaterial = Pick<TlsMaterial, "identities" | "trusts">;

/** Acts on what Consul says about the mesh. What it rejects is told again a little later. */
export type MeshSink = {
  /** Certificate and roots have come or been replaced. */
  readonly setMaterial: (material: ConnectMaterial) => Promise<void>;
  readonly setIntentions: (intentions: Intentions) => Promise<void>;
};

/**
 * What makes a sidecar part of Consul's mesh: the certificate of its service, the roots that
 * everyone trusts, and the intentions whose destination it is. The agent renews the certificate and
 * rotates the roots; these and the intentions come by blocking queries. While Consul is away
 * everything stays in force, until the certificate expires.
 */
export class Connect {
  /** Called when the trust domain becomes known or changes. Must not throw. */
  onTrustDomain: (trustDomain: string) => void = () => undefined;
  readonly #material: LatestTold<ConnectMaterial>;
  readonly #told: LatestTold<Intentions>;
  readonly #leaf: FollowedPath<ConnectLeaf>;
  readonly #roots: FollowedPath<ConnectRoots>;
  readonly #intentions: FollowedPath<FoundIntentions>;

  /** Begins at once. */
  constructor(deps: FollowedPathDeps, service: string, sink: MeshSink) {
    this.#material = new LatestTold(deps, "certificate", sink.setMaterial);
    this.#told = new LatestTold(deps, "intentions", sink.setIntentions);
    const leaf = `read the certificate of ${service}`;
    this.#leaf = new FollowedPath(
      deps,
      target(leaf, `agent/connect/ca/leaf/${consulPath(service)}`),
      {
        read: ({ text }) => parseLeaf(leaf, text, service),
        onValue: () => this.#tellMaterial(),
      },
    );
    const roots = "read the roots of the mesh";
    this.#roots = new FollowedPath(deps, target(roots, "agent/connect/ca/roots"), {
      read: ({ text }) => parseRoots(roots, text),
      onValue: (value) => this.#tellAll(value),
    });
    this.#intentions = followIntentions(deps, service, () => this.#tellIntentions());
  }

  /** What may be out of date or does not work, in words. Empty: nothing. */
  get problems(): readonly string[] {
    const flaws = this.#intentions.value?.flaws ?? [];
    return [
      ...named("certificate of the mesh", this.#leaf.problem),
      ...named("roots of the mesh", this.#roots.problem),
      ...named("intentions", this.#intentions.problem),
      ...named("certificate of the mesh, not in use", this.#material.problem),
      ...named("intentions, not in force", this.#told.problem),
      ...flaws.map((flaw) => `intentions: denied, ${flaw}`),
    ];
  }

  /** Resolves when Consul has answered everything once or failed to. */
  async whenTried(): Promise<void> {
    await Promise.all([this.#leaf.tried, this.#roots.tried, this.#intentions.tried]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#leaf.close(), this.#roots.close(), this.#intentions.close()]);
    await Promise.all([this.#material.close(), this.#told.close()]);
  }

  #tellAll({ trustDomain }: ConnectRoots): void {
    this.onTrustDomain(trustDomain);
    this.#tellMaterial();
    this.#tellIntentions();
  }

  /** Told only together: neither certificate nor roots are of use without the other. */
  #tellMaterial(): void {
    const { value: leaf } = this.#leaf;
    const { value: roots } = this.#roots;
    if (leaf === undefined || roots === undefined) return;
    const { certPem, keyPem } = leaf;
    this.#material.tell({
      identities: [{ id: CONNECT_IDENTITY, certPem, keyPem, names: [] }],
      trusts: [{ id: CONNECT_TRUST, pem: roots.pem }],
    });
  }

  #tellIntentions(): void {
    const { value: found } = this.#intentions;
    const trustDomain = this.#roots.value?.trustDomain;
    if (found === undefined || trustDomain === undefined) return;
    const { list, defaultAction } = found;
    this.#told.tell({ trustDomain, defaultAction, list });
  }
}

function target(action: string, path: string): ConstructorParameters<typeof FollowedPath>[1] {
  return { action, path, stale: false, limit: LIMIT };
}

function named(what: string, problem: string | undefined): readonly string[] {
  return problem === undefined ? [] : [`${what}: ${problem}`];
}
