import { randomUUID } from "node:crypto";
import { makeAuthority } from "./certificates.ts";
import type { TestAgent } from "./consul.ts";

/**
 * Has Consul sign with another root from now on, and trust the former one beside it. Certificates
 * that there are already are replaced within 30 s (Consul's own jitter). Returns the subject of the
 * new root: each has its own, as roots without key ids are told apart by nothing else.
 */
export async function rotateRoot(agent: TestAgent): Promise<string> {
  const roots = await agent.get("agent/connect/ca/roots");
  const { TrustDomain } = roots as { readonly TrustDomain: string };
  const name = `root ${randomUUID()}`;
  const root = makeAuthority(name, { names: [`URI:spiffe://${TrustDomain}`] });
  const Config = {
    PrivateKey: root.keyPem,
    RootCert: root.certPem,
    LeafCertTTL: "72h",
    RotationPeriod: "2160h",
  };
  await agent.put("connect/ca/configuration", { Provider: "consul", Config });
  return `CN=${name}`;
}
