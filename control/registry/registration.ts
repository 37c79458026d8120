import { hash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { orLate } from "../../proxy/base/deadline.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Random } from "../../proxy/base/random.ts";
import { formatDuration } from "../config/units.ts";
import { backOffMs } from "../consul/back-off.ts";
import { type ConsulClient, consulPath } from "../consul/client.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import { pause } from "../../proxy/base/clock.ts";

/** How soon an agent that has lost us (restarted empty) gets us back. */
const LOOK_EVERY_MS = 10_000;
/** How long a drain waits for Consul to take us out: an agent that lives does so at once. */
const LEAVE_WITHIN_MS = 3_000;

/** Keys of Meta: whose registration this is, and what its check is. */
const SIDECAR = "sluiceSidecar";
const CHECK = "sluiceCheck";

/** What Consul calls a proxy in its mesh. */
const PROXY = "connect-proxy";

/** How Consul finds out whether we are well. */
export type RegistrationCheck =
  | {
      readonly kind: "http";
      readonly url: string;
      readonly intervalMs: number;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "tcp";
      /** `10.0.0.7:3000`. */
      readonly address: string;
      readonly intervalMs: number;
      readonly timeoutMs: number;
    }
  /** We report ourselves as healthy, three times in `ttlMs`. */
  | { readonly kind: "ttl"; readonly ttlMs: number };

/** What a sidecar puts into Consul. */
export type Registration = {
  /** The same after a restart, so that a sidecar replaces itself: see registrationOf. */
  readonly id: string;
  readonly service: string;
  /** The service in Consul's mesh whose proxy it is (`Kind: connect-proxy`). undefined: of none. */
  readonly proxyOf: string | undefined;
  /**
   * The sidecar's lasting name: what an earlier process of that name has left in the agent under
   * another id is taken out. undefined: it has none, and nothing is.
   */
  readonly sidecar: string | undefined;
  /** Becomes Meta.version, and a tag. undefined: neither. */
  readonly version: string | undefined;
  readonly tags: readonly string[];
  /** undefined: the address of the agent's node. */
  readonly address: string | undefined;
  readonly port: number;
  /** undefined: well for as long as the agent is. */
  readonly check: RegistrationCheck | undefined;
  /**
   * Consul removes us after we have been critical for this long; it takes less than 60 000 as 60
   * 000. undefined: never.
   */
  readonly deregisterAfterMs: number | undefined;
};

/** What a registrar works with. */
export type RegistrarDeps = {
  readonly client: ConsulClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Keeps one registration in the local agent, and takes it out. */
export class Registrar {
  readonly #deps: RegistrarDeps;
  readonly #registration: Registration;
  readonly #leaving = new AbortController();
  /** Whether what an earlier process has left is gone. */
  #isAlone = false;
  /** The agent writes us into the catalog by the token that registered us. See tokenCount. */
  #tokenCount: number;
  #problem: string | undefined;
  /** undefined: not started, so that there is nothing of ours in Consul. */
  #running: Promise<void> | undefined;

  constructor(deps: RegistrarDeps, registration: Registration) {
    this.#deps = deps;
    this.#tokenCount = deps.client.tokenCount;
    this.#registration = registration;
  }

  /**
   * Registers, checks every 10 s whether the agent still knows us as we are, and restores what is
   * missing. If Consul is away, logs that and tries again. Until leave() or stop(). `isWell` is
   * asked for a ttl check only.
   */
  start(isWell: () => boolean): void {
    this.#running = this.#run(isWell, this.#leaving.signal);
  }

  /** Why callers may not find us, in Consul's words. undefined: they can, as far as we know. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Ends without deregistering: another process takes the registration over. */
  async stop(): Promise<void> {
    this.#leaving.abort();
    await this.#running;
  }

  /**
   * Deregisters. Consul tells callers at once; they have heard of it a moment later. Resolves when
   * that is done, when `signal` is aborted, or after LEAVE_WITHIN_MS: an agent that hangs may still
   * do it when it wakes. Never rejects.
   */
  async leave(signal?: AbortSignal): Promise<void> {
    if (this.#running === undefined) return;
    const { clock } = this.#deps;
    const left = orLate(this.#deregister(), LEAVE_WITHIN_MS, clock, () => undefined, signal);
    await left.catch(() => undefined);
  }

  async #deregister(): Promise<void> {
    const { client, log } = this.#deps;
    const { id } = this.#registration;
    await this.stop();
    try {
      await client.call(`deregister ${id}`, async (consul) =>
        consul.agent.service.deregister({ id }),
      );
      log.info("registration.removed", { id });
    } catch (error) {
      log.warn("registration.not_removed", { id, error: errorText(error) });
    }
  }

  async #run(isWell: () => boolean, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#deps;
    const { check } = this.#registration;
    const everyMs =
      check?.kind === "ttl" ? Math.min(check.ttlMs / 3, LOOK_EVERY_MS) : LOOK_EVERY_MS;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#look(signal);
        if (check?.kind === "ttl") await this.#reportHealth(isWell(), signal);
        failures = 0;
        this.#problem = undefined;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        const problem = errorText(error);
        if (problem !== this.#problem) log.warn("registration.failed", { error: problem });
        this.#problem = problem;
      }
      const pauseMs = failures > 0 ? backOffMs(failures, random) : everyMs;
      await pause(clock, pauseMs, signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { id } = this.#registration;
    if (!this.#isAlone) await this.#removeFormer(signal);
    this.#isAlone = true;
    const known = await this.#deps.client.json({
      action: `read registration ${id}`,
      path: `agent/service/${consulPath(id)}`,
      signal,
    });
    const { tokenCount } = this.#deps.client;
    const isOurs = tokenCount === this.#tokenCount && isSame(known, this.#registration);
    if (!isOurs || !(await this.#hasCheck(signal))) {
      await this.#register();
      this.#tokenCount = tokenCount;
      this.#deps.log.info("registration.added", { id });
    }
  }

  /** What we were before an upgrade or a kill, with another service or port. */
  async #removeFormer(signal: AbortSignal): Promise<void> {
    const { id, sidecar } = this.#registration;
    if (sidecar === undefined) return;
    const found = await this.#deps.client.json({
      action: "read former registrations",
      path: "agent/services",
      query: { filter: `Meta.${SIDECAR} == "${sidecar}"` },
      signal,
    });
    for (const former of Object.keys(found ?? {})) {
      if (former === id) continue;
      await this.#deps.client.call(`deregister ${former}`, async (consul) =>
        consul.agent.service.deregister({ id: former }),
      );
      this.#deps.log.info("registration.removed", { id: former });
    }
  }

  /** Somebody may have deregistered the check alone: then nobody asks whether we are well. */
  async #hasCheck(signal: AbortSignal): Promise<boolean> {
    const { id, check } = this.#registration;
    if (check === undefined) return true;
    const found = await this.#deps.client.json({
      action: `read the check of ${id}`,
      path: "agent/checks",
      query: { filter: `CheckID == ${JSON.stringify(`service:${id}`)}` },
      signal,
    });
    return Object.keys(found ?? {}).length > 0;
  }

  /** Without the package: it knows no `Kind`. */
  async #register(): Promise<void> {
    const { id, service, address, port, proxyOf } = this.#registration;
    const check = checkFields(this.#registration);
    const body = {
      Name: service,
      ID: id,
      Port: port,
      Tags: tagsOf(this.#registration),
      Meta: metaOf(this.#registration),
      ...(address !== undefined && { Address: address }),
      ...(proxyOf !== undefined && { Kind: PROXY, Proxy: { DestinationServiceName: proxyOf } }),
      ...(check && { Check: check }),
    };
    await this.#deps.client.request({
      action: `register ${id}`,
      method: "PUT",
      path: "agent/service/register",
      body: JSON.stringify(body),
    });
  }

  async #reportHealth(isWell: boolean, signal: AbortSignal): Promise<void> {
    const { id } = this.#registration;
    const status = isWell ? "pass" : "fail";
    await this.#deps.client.request({
      action: `report the health of ${id}`,
      method: "PUT",
      path: `agent/check/${status}/${consulPath(`service:${id}`)}`,
      signal,
    });
  }
}

function tagsOf({ tags, version }: Registration): string[] {
  return version === undefined || tags.includes(version) ? [...tags] : [version, ...tags];
}

/** The agent does not say what a check does: its hash is how we know it again. */
function metaOf(registration: Registration): Record<string, string> {
  const { version, sidecar } = registration;
  const check = checkFields(registration);
  return {
    ...(version !== undefined && { version }),
    ...(sidecar !== undefined && { [SIDECAR]: sidecar }),
    ...(check && { [CHECK]: hash("sha256", JSON.stringify(check)).slice(0, 16) }),
  };
}

type CheckFields = {
  readonly Name: string;
  readonly Timeout?: string;
  readonly Interval?: string;
  readonly HTTP?: string;
  readonly TCP?: string;
  readonly TTL?: string;
  readonly DeregisterCriticalServiceAfter?: string;
};

function checkFields({ service, check, deregisterAfterMs }: Registration): CheckFields | undefined {
  if (check === undefined) return undefined;
  const Name = `${service} behind sluice`;
  const removal =
    deregisterAfterMs === undefined
      ? {}
      : { DeregisterCriticalServiceAfter: formatDuration(deregisterAfterMs) };
  if (check.kind === "ttl") return { Name, TTL: `${check.ttlMs}ms`, ...removal };
  const pace = { Interval: `${check.intervalMs}ms`, Timeout: `${check.timeoutMs}ms` };
  const target = check.kind === "http" ? { HTTP: check.url } : { TCP: check.address };
  return { Name, ...target, ...pace, ...removal };
}

/** Whether the agent knows us as we registered. undefined: it does not know us. */
function isSame(known: unknown, wanted: Registration): boolean {
  if (typeof known !== "object" || known === null) return false;
  const { Service, Address, Port, Tags, Meta, Kind, Proxy } = known as Record<string, unknown>;
  const { DestinationServiceName } = (Proxy ?? {}) as Record<string, unknown>;
  return isDeepStrictEqual(
    { Service, Address, Port, Tags, Meta, Kind: Kind ?? "", proxyOf: DestinationServiceName ?? "" },
    {
      Kind: wanted.proxyOf === undefined ? "" : PROXY,
      proxyOf: wanted.proxyOf ?? "",
      Service: wanted.service,
      Address: wanted.address ?? "",
      Port: wanted.port,
      Tags: tagsOf(wanted),
      Meta: metaOf(wanted),
    },
  );
}
