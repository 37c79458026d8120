import { X509Certificate } from "node:crypto";
import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import type { TlsIdentity, TlsTrust } from "../../proxy/table/tls.ts";
import { factsOf } from "./certificate-facts.ts";
import type { CertificateFacts } from "./certificate-facts.ts";
import type { Service } from "../config/service.ts";
import { CONNECT_TRUST } from "../config/tls-files.ts";
import { stageOf } from "./expiry.ts";
import type { ExpiryStage } from "./expiry.ts";
import type { FileNews } from "./file-certificates.ts";
import { factsOfRoots } from "./load-certificate.ts";
import { certificateBlocks } from "./pem.ts";

/** The state of a certificate or of roots that something needs. None of it is secret. */
export type CertificateStatus = {
  readonly id: string;
  readonly kind: "certificate" | "roots";
  /** About what is in use. undefined: nothing is, and whatever needs it serves nobody. */
  readonly facts: CertificateFacts | undefined;
  /** undefined: nothing is in use. */
  readonly stage: ExpiryStage | undefined;
  /** The SNI names that it is used for. Empty for roots. */
  readonly names: readonly string[];
  /** Why the present content of its files is not in use. undefined: it is. */
  readonly problem: string | undefined;
  /** Whether the problem has lasted longer than replacing the files takes. */
  readonly isLasting: boolean;
  readonly warnings: readonly string[];
  /** Such as `listener 0.0.0.0:8443` or `service web`. */
  readonly usedBy: readonly string[];
};

/** Reads the facts of what workers have, once for each object. */
export class FactsCache {
  readonly #known = new WeakMap<TlsIdentity | TlsTrust, CertificateFacts>();

  of(material: TlsIdentity | TlsTrust): CertificateFacts {
    const known = this.#known.get(material);
    if (known !== undefined) return known;
    const facts = read(material);
    this.#known.set(material, facts);
    return facts;
  }
}

function read(material: TlsIdentity | TlsTrust): CertificateFacts {
  if ("certPem" in material) return factsOf(new X509Certificate(material.certPem));
  const roots = certificateBlocks(material.pem).map((block) => new X509Certificate(block));
  return factsOfRoots(roots.map(factsOf));
}

/** What is known about one id. */
type Known = Pick<CertificateStatus, "id" | "facts" | "isLasting"> & {
  readonly names: readonly string[] | undefined;
  readonly usedBy: readonly string[] | undefined;
  /** undefined: it does not come from files. */
  readonly held: FileNews["held"] | undefined;
};

/** Puts together what is known about one id. `nowMs`: wall clock. */
export function certificateStatus(known: Known, nowMs: number): CertificateStatus {
  const { id, facts, isLasting, names, usedBy = [], held } = known;
  const isAbsent = facts === undefined;
  return {
    id,
    kind: names === undefined && (!isAbsent || isRootsId(id)) ? "roots" : "certificate",
    facts,
    stage: isAbsent ? undefined : stageOf(facts, nowMs),
    names: names ?? [],
    problem: held?.problem ?? (isAbsent ? "wanted it, found nothing yet" : undefined),
    isLasting: isAbsent || isLasting,
    warnings: held?.loaded?.warnings ?? [],
    usedBy,
  };
}

function isRootsId(id: string): boolean {
  return id.startsWith("ca:") || id === CONNECT_TRUST;
}

/** What uses which id. */
export function usesOf(
  listeners: readonly ListenerSnapshot[],
  services: ReadonlyMap<string, Service>,
): ReadonlyMap<string, readonly string[]> {
  const uses: [string, string | undefined][] = [];
  for (const { bind, tls } of listeners) {
    for (const id of [...(tls?.identities ?? []), tls?.trust]) uses.push([`listener ${bind}`, id]);
  }
  for (const [name, { upstreamTls }] of services) {
    const { identity, trust } = upstreamTls?.tls ?? {};
    uses.push([`service ${name}`, identity], [`service ${name}`, trust]);
  }
  const byId = new Map<string, string[]>();
  for (const [by, id] of uses) {
    if (id !== undefined) byId.set(id, [...(byId.get(id) ?? []), by]);
  }
  return byId;
}
