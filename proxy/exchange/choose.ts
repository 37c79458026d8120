import type { Random } from "../base/random.ts";
import { fallback } from "../table/fallback.ts";
import { newAffinityKey, pickByKey } from "../table/rendezvous.ts";
import type { RequestView } from "../table/request-view.ts";
import type { RouteTable } from "../table/route-table.ts";
import type { VersionTable } from "../table/version-table.ts";
import type { LiveService } from "../upstream/live-service.ts";

/** A day, as Flagger; no script can read it. */
const COOKIE_ATTRIBUTES = "Path=/; Max-Age=86400; HttpOnly; SameSite=Lax";

/** The version that an exchange goes to, and how it was found. One object an exchange, reused. */
export class Choice {
  /** The route that matched, set before choose. undefined: none did. */
  route: RouteTable | undefined;
  /** The version that a filter has chosen, set before choose. undefined: none. */
  named: VersionTable | undefined;
  /** undefined: no version may take it. */
  version: VersionTable | undefined;
  /** By key, route or filter: a retry must not leave the version. */
  pinned = false;
  /** The fresh affinity key that the client is to keep. "": none. */
  newKey = "";
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * Chooses for a request: the version that a filter or else the route names, else by affinity key,
   * else the next of the service's quota sequence. A version without a usable endpoint hands over
   * to stable (never the other way round); a named one does not, because that one was asked for.
   */
  choose(live: LiveService, request: RequestView, clientAddress: string): void {
    const named = this.named ?? this.route?.to;
    this.newKey = "";
    if (named !== undefined) {
      this.pinned = true;
      const usable = named.snapshot.state !== "maint" && live.isUsable(named);
      this.version = usable ? named : undefined;
      return;
    }
    const picked = this.#split(live, request, clientAddress);
    this.version = fallback(live.table, picked, live.isUsable);
  }

  /** What the client is told of the choice, as field lines: its new key, and with `debug` more. */
  fields(live: LiveService, version: string): string {
    const { affinity, debug } = live.table.snapshot;
    const shown = debug ? `X-Sluice-Version: ${version}\r\n` : "";
    if (this.newKey === "" || affinity?.kind !== "cookie") return shown;
    return `${shown}Set-Cookie: ${affinity.name}=${this.newKey}; ${COOKIE_ATTRIBUTES}\r\n`;
  }

  #split(live: LiveService, request: RequestView, clientAddress: string): VersionTable | undefined {
    const { table } = live;
    const key = table.affinityKey(request, clientAddress);
    if (key !== undefined) {
      this.pinned = true;
      return pickByKey(table, key);
    }
    const { affinity } = table.snapshot;
    this.pinned = false;
    if (affinity?.kind !== "cookie" || !affinity.set) return live.quota.next(table);
    this.newKey = newAffinityKey(table, this.#random);
    return pickByKey(table, this.newKey);
  }
}
