import type { ConsulConfig, RegisterConfig, StoreConfig } from "../config/config-schema.ts";
import { ConfigError } from "../base/errors.ts";
import { asFileFlaw } from "../base/file-flaw.ts";
import { readSmallFile } from "../base/read-small-file.ts";
import type { FileRule } from "../base/read-small-file.ts";
import type { ConsulOptions, ConsulTls } from "../consul/agent-connections.ts";
import { readSigningKey } from "./signing-key.ts";
import type { Trust } from "./table-seal.ts";
import { readTokenFile } from "./token-file.ts";
import type { Registration, RegistrationCheck } from "./registration.ts";

/** Large enough for the roots of a whole system, which take 250 KiB. */
const PEM_RULE: FileRule = { bytesMax: 1024 * 1024, others: "anything" };

/** What `consul:` of a configuration says, with its files read. @throws ConfigError */
export async function consulOptionsOf(config: ConsulConfig): Promise<ConsulOptions> {
  const { address, token, tokenFile, datacenter, namespace, partition, wait: waitMs } = config;
  return {
    address,
    token: tokenFile === undefined ? token : await readTokenFile(tokenFile),
    datacenter,
    namespace,
    partition,
    waitMs,
    tls: config.tls && (await readTls(config.tls)),
  };
}

/**
 * Whose tables in Consul are followed, and the key that signs ours. undefined: the table is kept
 * elsewhere.
 * @throws ConfigError also when we would not follow our own
 */
export async function trustOf(store: StoreConfig): Promise<Trust | undefined> {
  if (store.kind !== "consul") return undefined;
  const { trust, signingKey: path } = store;
  if (path === undefined) return { trust, signingKey: undefined };
  const signingKey = await readSigningKey(path, "store.signingKey");
  const { publicKey } = signingKey;
  if (trust.length === 0 || trust.includes(publicKey)) return { trust, signingKey };
  const wanted = `the public key of store.signingKey, ${publicKey}, among them`;
  throw new ConfigError("the signing key", [{ path: "store.trust", wanted, found: "others" }]);
}

/**
 * What `register:` of a configuration says. Without `id` the service and port make one, so that a
 * sidecar that restarts replaces itself; two sidecars of one agent have different ports. A proxy in
 * the mesh has the name that Consul's own tools give it.
 */
export function registrationOf(config: RegisterConfig, sidecar?: string): Registration {
  const { version, tags, address, port, check, connectProxy } = config;
  const service = connectProxy ? `${config.service}-sidecar-proxy` : config.service;
  return {
    id: config.id ?? `sluice-${service}-${port}`,
    service,
    proxyOf: connectProxy ? config.service : undefined,
    sidecar,
    version,
    tags,
    address,
    port,
    check: check && checkOf(check),
    deregisterAfterMs: check?.deregisterCriticalAfterMs,
  };
}

function checkOf(check: NonNullable<RegisterConfig["check"]>): RegistrationCheck | undefined {
  const { http, tcp, ttlMs, intervalMs, timeoutMs } = check;
  if (http !== undefined) return { kind: "http", url: http, intervalMs, timeoutMs };
  if (tcp !== undefined) return { kind: "tcp", address: tcp, intervalMs, timeoutMs };
  return ttlMs === undefined ? undefined : { kind: "ttl", ttlMs };
}

async function readTls(tls: NonNullable<ConsulConfig["tls"]>): Promise<ConsulTls> {
  const [ca, cert, key] = await Promise.all([
    readPem("ca", tls.ca),
    readPem("cert", tls.cert),
    readPem("key", tls.key),
  ]);
  return { ca, cert, key, serverName: tls.serverName, insecure: tls.insecure };
}

async function readPem(name: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return (await readSmallFile(path, PEM_RULE)).toString("utf8");
  } catch (error) {
    const { wanted, found } = asFileFlaw(error, "a PEM file");
    throw new ConfigError("consul", [{ path: `consul.tls.${name}`, wanted, found }]);
  }
}
