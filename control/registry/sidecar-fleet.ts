import { z } from "zod";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Random } from "../../proxy/base/random.ts";
import { backOffMs } from "../consul/back-off.ts";
import { type ConsulClient, consulPath } from "../consul/client.ts";
import { getKey, getKeys, type KvEntry, kvPath, parseKvAnswer, putKey } from "../consul/kv.ts";
import { withSession } from "../consul/session.ts";
import { watch } from "../consul/watch.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import { pause } from "../../proxy/base/clock.ts";

/** A dead sidecar leaves the list after 30 to 60 s: Consul may wait twice the TTL. */
const SIDECAR_TTL_MS = 30_000;
/**
 * A burst of shifts is acknowledged at its beginning and end, not at each shift, because 200
 * sidecars write.
 */
const ACKNOWLEDGE_EVERY_MS = 50;
/** While somebody waits for the fleet, one query sees the acknowledgements of 50 ms. */
const WAIT_LIMIT = { burst: 2, refillMs: 50 };

/** Our own key changes when we acknowledge; that somebody deletes it is an accident. */
const OWN_KEY_LIMIT = { burst: 1, refillMs: 1_000 };

/** Longest value of a member's key: a revision and the address of an API, which may be a path. */
const VALUE_LENGTH_MAX = 1_024;

const memberSchema = z.object({
  revision: z.int().min(0),
  api: z.string().optional(),
  host: z.string().optional(),
});

/** A live sidecar that shares the store. */
export type FleetMember = {
  readonly sidecar: string;
  /** The revision that all its workers act on. 0: none yet. */
  readonly revision: number;
  /** Where its control API is. undefined: it does not say. */
  readonly api: string | undefined;
  /** Its machine's name. undefined: it does not say. */
  readonly host: string | undefined;
};

/** Who this sidecar is to the others. */
export type FleetOptions = {
  /** As the store's. */
  readonly prefix: string;
  /**
   * Unique for each sidecar and the same after a restart; a second sidecar with this name takes its
   * place.
   */
  readonly sidecar: string;
  /** This machine's name. */
  readonly host: string;
};

/** What a fleet works with. */
export type SidecarFleetDeps = {
  readonly client: ConsulClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/**
 * The sidecars that share the table and the revision of each: one key for each sidecar below
 * `PREFIX/fleet/`, bound to a session, so that the key of a dead sidecar disappears by itself.
 */
export class SidecarFleet {
  readonly #deps: SidecarFleetDeps;
  readonly #options: FleetOptions;
  #revision = 0;
  #api: string | undefined;
  #isYielding = false;
  /** What our key has said last. undefined: it is not there. */
  #written: string | undefined;
  #wake: () => void = () => undefined;
  #problem: string | undefined;

  constructor(deps: SidecarFleetDeps, options: FleetOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Says that all workers of this sidecar act on a revision. Others see it a little later. */
  acknowledge(revision: number): void {
    this.#revision = revision;
    this.#wake();
  }

  /** The revision that all workers of this sidecar act on. 0: none yet. */
  get revision(): number {
    return this.#revision;
  }

  /** Why we are not on the list. undefined: we are, or have not tried yet. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Says where our control API is. */
  announce(api: string): void {
    this.#api = api;
    this.#wake();
  }

  /** A process of the same name is about to take our place: from now on we do not take it back. */
  yield(): void {
    this.#isYielding = true;
  }

  /** That process has failed, so our place is ours again. */
  resume(): void {
    this.#isYielding = false;
  }

  /** Keeps this sidecar on the list until the signal is aborted; then it is taken off. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#deps;
    const name = `sluice fleet ${this.#options.sidecar}`;
    const session = { name, ttlMs: SIDECAR_TTL_MS, behavior: "delete", lockDelayMs: 0 } as const;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const publish = async (id: string, held: AbortSignal): Promise<void> =>
          this.#publish(id, held);
        if (!this.#isYielding) await withSession(this.#deps, session, publish, signal);
        failures = 0;
      } catch (error) {
        const problem = errorText(error);
        if (problem !== this.#problem) log.warn("fleet.not_listed", { error: problem });
        this.#problem = problem;
        failures += 1;
      }
      const pauseMs = backOffMs(Math.max(1, failures), random);
      await pause(clock, pauseMs, signal);
    }
  }

  /** All live sidecars, by name. @throws ConsulError */
  async members(): Promise<readonly FleetMember[]> {
    return membersOf(await getKeys(this.#deps.client, this.#prefix), this.#prefix);
  }

  /**
   * Waits until we are on the list and everybody on it acts on `revision` or a later one. Resolves
   * with those that do not: with none once all do, or with whoever is missing after `timeoutMs` or
   * when the signal is aborted.
   * @throws ConsulError
   */
  async whoLags(
    revision: number,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<readonly FleetMember[]> {
    const action = "read the fleet";
    const done = new AbortController();
    const ends = [done.signal, AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
    const heard: { lagging?: readonly FleetMember[] } = {};
    const target = {
      action,
      path: kvPath(this.#prefix),
      query: { recurse: "" },
      stale: false,
      isUrgent: true,
      limit: WAIT_LIMIT,
    };
    const onChange = ({
      found,
      text,
    }: {
      readonly found: boolean;
      readonly text: string;
    }): void => {
      heard.lagging = this.#lagging(found ? parseKvAnswer(action, text) : [], revision);
      if (heard.lagging.length === 0) done.abort();
    };
    await watch(this.#deps, target, { onChange }, AbortSignal.any(ends));
    // If there was no answer in all that time, this call throws the reason.
    return heard.lagging ?? this.#lagging(await getKeys(this.#deps.client, this.#prefix), revision);
  }

  /** A list without us is not the fleet's: somebody has emptied it, or we may not read it. */
  #lagging(entries: readonly KvEntry[], revision: number): readonly FleetMember[] {
    const { sidecar, host } = this.#options;
    const members = membersOf(entries, this.#prefix);
    const lagging = members.filter((member) => member.revision < revision);
    const isListed = members.some((member) => member.sidecar === sidecar);
    return isListed ? lagging : [...lagging, { sidecar, revision: 0, api: this.#api, host }];
  }

  get #prefix(): string {
    return `${this.#options.prefix}/fleet/`;
  }

  get #ownKey(): string {
    return `${this.#prefix}${consulPath(this.#options.sidecar)}`;
  }

  async #publish(session: string, held: AbortSignal): Promise<void> {
    await this.#takePlace(session);
    this.#written = await this.#write(session, this.#value);
    this.#problem = undefined;
    const over = new AbortController();
    const watching = this.#watchOwnKey(AbortSignal.any([held, over.signal]));
    try {
      await this.#keepWritten(session, held);
    } finally {
      over.abort();
      await watching;
    }
  }

  /** Somebody may delete our key, by hand or with all others: then it is written again. */
  async #watchOwnKey(signal: AbortSignal): Promise<void> {
    const action = "read our key of the fleet";
    const target = {
      action,
      path: kvPath(this.#ownKey),
      stale: false,
      isUrgent: true,
      limit: OWN_KEY_LIMIT,
    };
    const onFresh = ({ found }: { readonly found: boolean }): void => {
      if (found) return;
      this.#written = undefined;
      this.#wake();
    };
    // Each answer counts: between two of them the key may have been written and deleted.
    await watch(this.#deps, target, { onChange: () => undefined, onFresh }, signal);
  }

  async #keepWritten(session: string, held: AbortSignal): Promise<void> {
    held.addEventListener("abort", () => this.#wake(), { once: true });
    while (!held.aborted) {
      const changed = Promise.withResolvers<void>();
      this.#wake = changed.resolve;
      if (this.#written !== this.#value) {
        this.#written = await this.#write(session, this.#value);
        await pause(this.#deps.clock, ACKNOWLEDGE_EVERY_MS, held);
      }
      if (this.#written === this.#value) await changed.promise;
    }
  }

  /** What our key says. */
  get #value(): string {
    const { host } = this.#options;
    return JSON.stringify({ revision: this.#revision, api: this.#api, host });
  }

  async #write(session: string, value: string): Promise<string> {
    const isOurs = await putKey(this.#deps.client, this.#ownKey, value, { acquire: session });
    if (!isOurs) throw new Error(`another sidecar calls itself ${this.#options.sidecar}`);
    return value;
  }

  /** Our key may still belong to our session from before a restart, or to a namesake. */
  async #takePlace(session: string): Promise<void> {
    const former = (await getKey(this.#deps.client, this.#ownKey))?.session;
    if (former === undefined || former === session) return;
    this.#deps.log.info("fleet.took_place", { sidecar: this.#options.sidecar });
    await this.#deps.client.call("end a former session", async (consul, dc) =>
      consul.session.destroy({ id: former, ...dc }),
    );
  }
}

/** An unreadable value means a sidecar that acts on nothing we know. */
function membersOf(entries: readonly KvEntry[], prefix: string): readonly FleetMember[] {
  return entries
    .filter((entry) => entry.session !== undefined)
    .flatMap((entry) => {
      const sidecar = decoded(entry.key.slice(prefix.length));
      if (sidecar === undefined) return [];
      const isOurs = entry.value.length <= VALUE_LENGTH_MAX;
      const value = isOurs ? memberSchema.safeParse(parseJson(entry.value)).data : undefined;
      return { sidecar, revision: value?.revision ?? 0, api: value?.api, host: value?.host };
    });
}

/** undefined: no sidecar writes such a name. */
function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
