import { dirname } from "node:path";
import { ApiTls } from "../api/api-tls.ts";
import { LiveAccess } from "../api/auth/access.ts";
import { RefusedCalls } from "../api/auth/refused-calls.ts";
import type { RefusedCallsDeps } from "../api/auth/refused-calls.ts";
import type { ApiDeps } from "../api/deps.ts";
import type { ControlConfig } from "../config/control-schema.ts";
import { AllCertificates } from "../tls/all-certificates.ts";
import type { CertificateReportsDeps } from "../tls/certificate-reports.ts";
import type { Certificates } from "../tls/certificates.ts";
import { OwnCertificate } from "../tls/own-certificate.ts";

/** What stands between the API and its callers. */
export type Gate = {
  readonly access: LiveAccess;
  /** undefined: the API speaks HTTP in clear. */
  readonly own: OwnCertificate | undefined;
  /** The same, as the API wants it. */
  readonly deps: Pick<ApiDeps, "access" | "calls" | "tls" | "certificates">;
};

/** What a gate is made of. */
export type GateDeps = RefusedCallsDeps &
  CertificateReportsDeps & {
    /** Those of the workers. */
    readonly certificates: Certificates;
    /** The configuration's file: paths begin in its folder. */
    readonly file: string;
  };

/** Reads who may call the API, and what it shows them. @throws ConfigError */
export async function openGate(control: ControlConfig, deps: GateDeps): Promise<Gate> {
  const { bind, auth, tls: files, socketRole = "admin" } = control;
  const role = bind.startsWith("unix:") ? socketRole : undefined;
  const rules = { auth, socketRole: role, folder: dirname(deps.file) };
  const access = await LiveAccess.open(rules, deps);
  const own = files && (await OwnCertificate.open(files, "control", deps));
  const certificates = new AllCertificates(deps.certificates, own);
  const tls = own && new ApiTls(own);
  return { access, own, deps: { access, calls: new RefusedCalls(deps), tls, certificates } };
}
