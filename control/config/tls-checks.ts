import { isDeepStrictEqual } from "node:util";
import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import type { ListenerTls } from "../../proxy/table/tls.ts";
import type { CrossProblem } from "./cross-problem.ts";
import type { CertificateFiles, ListenerFiles } from "./tls-files.ts";
import { identityId } from "./tls-files.ts";
import type { ReadUpstream } from "./tls-schema.ts";

/** What in the listeners' TLS contradicts something else in it. */
export function checkListenersTls(
  listeners: readonly ListenerSnapshot[],
  files: readonly ListenerFiles[],
): CrossProblem[] {
  const flaws = listeners.flatMap(({ tls }, at) =>
    tls === undefined ? [] : checkClientCert(tls, ["listeners", at, "tls"]),
  );
  return [...flaws, ...checkCertificateUses(files)];
}

function checkClientCert(
  { clientCert, trust, forwardClientCert }: ListenerTls,
  path: readonly (string | number)[],
): CrossProblem[] {
  const isAsked = clientCert !== "none";
  if (isAsked && trust === undefined) {
    const wanted = `the roots of client certificates beside clientCert: ${clientCert}`;
    return [{ path: [...path, "clientCa"], wanted, found: "nothing" }];
  }
  if (isAsked || (trust === undefined && forwardClientCert === "off")) return [];
  const beside = trust === undefined ? "forwardClientCert: set" : "clientCa";
  const wanted = `request or require beside ${beside}`;
  return [{ path: [...path, "clientCert"], wanted, found: "none" }];
}

/** A certificate is known by its file: wherever that is named, it has the same key and names. */
function checkCertificateUses(listeners: readonly ListenerFiles[]): CrossProblem[] {
  const known = new Map<string, CertificateFiles>();
  return listeners.flatMap(({ at, certificates }) =>
    certificates.flatMap((each, index): CrossProblem[] => {
      const id = identityId(each.cert);
      const before = known.get(id) ?? each;
      known.set(id, before);
      if (isDeepStrictEqual({ ...before, cert: "" }, { ...each, cert: "" })) return [];
      const path = ["listeners", at, "tls", "certificates", index];
      const wanted = `one key and one list of names for ${each.cert}`;
      return [{ path, wanted, found: "others than where it stands before" }];
    }),
  );
}

/** What in a service's `upstream.tls` contradicts something else in it or in its endpoints. */
export function checkUpstreamTls(
  read: ReadUpstream | undefined,
  endpoints: readonly string[],
): CrossProblem[] {
  if (read?.connect) return checkConnect(read, endpoints);
  if (read?.tls === undefined) return [];
  const { ca, cert, key, serverName, sans, insecure } = read.tls;
  const path = ["upstream", "tls"];
  const problems: CrossProblem[] = [];
  if ((cert === undefined) !== (key === undefined)) {
    const [missing, given] = cert === undefined ? ["cert", "key"] : ["key", "cert"];
    problems.push({ path: [...path, missing], wanted: `a file beside ${given}`, found: "nothing" });
  }
  if (insecure && (ca !== undefined || sans.length > 0)) {
    const wanted = "false beside ca or sans, which nothing would be compared with";
    problems.push({ path: [...path, "insecure"], wanted, found: "true" });
  }
  const isNamed = serverName !== undefined || sans.length > 0 || insecure;
  const socket = endpoints.find((address) => address.startsWith("unix:"));
  if (!isNamed && socket !== undefined) {
    const wanted = `whom to expect at ${socket}, which has no name: serverName or sans`;
    problems.push({ path, wanted, found: "neither" });
  }
  return problems;
}

/** Who an endpoint in the mesh must be, only Consul says. */
function checkConnect(read: ReadUpstream, endpoints: readonly string[]): CrossProblem[] {
  const flaws: CrossProblem[] = [];
  if (read.tls !== undefined) {
    const wanted = "no tls beside connect: the mesh has its own";
    flaws.push({ path: ["upstream", "tls"], wanted, found: "some" });
  }
  const [endpoint] = endpoints;
  if (endpoint !== undefined) {
    const wanted = "versions with consul, and none with endpoints";
    flaws.push({ path: ["upstream", "connect"], wanted, found: JSON.stringify(endpoint) });
  }
  return flaws;
}
