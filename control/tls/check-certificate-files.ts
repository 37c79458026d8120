import { dirname } from "node:path";
import { ConfigError, ValidationError } from "../base/errors.ts";
import type { Problem } from "../base/errors.ts";
import type { Config } from "../config/config-schema.ts";
import { pathText } from "../config/problems.ts";
import type { ControlTls } from "../config/control-schema.ts";
import type { ListenerFiles, ServiceTls } from "../config/tls-files.ts";
import { asFileFlaw } from "../base/file-flaw.ts";
import { identitySource, rootsSource } from "./load-certificate.ts";
import type { CertificateSource } from "./load-certificate.ts";

type Step = string | number;

/**
 * Checks that the certificates, keys and roots of all listeners and services can be used. `file`:
 * the configuration's path. @throws ConfigError, which lists all that cannot
 */
export async function checkCertificateFiles(
  file: string,
  { listenerFiles, control, services }: Pick<Config, "listenerFiles" | "control" | "services">,
): Promise<void> {
  const folder = dirname(file);
  const problems = await problemsOfListeners(folder, listenerFiles);
  problems.push(...(await problemsOfControl(folder, control.tls)));
  for (const [name, { upstreamTls }] of Object.entries(services)) {
    if (upstreamTls === undefined) continue;
    problems.push(...(await problemsOfService(folder, upstreamTls, ["services", name])));
  }
  if (problems.length > 0) throw new ConfigError(file, problems);
}

/** The same for listeners alone. @throws ConfigError */
export async function checkListenerFiles(
  file: string,
  listeners: readonly ListenerFiles[],
): Promise<void> {
  const problems = await problemsOfListeners(dirname(file), listeners);
  if (problems.length > 0) throw new ConfigError(file, problems);
}

/** The same for the control API. @throws ConfigError */
export async function checkControlFiles(file: string, tls: ControlTls): Promise<void> {
  const problems = await problemsOfControl(dirname(file), tls);
  if (problems.length > 0) throw new ConfigError(file, problems);
}

/** The same for one service. `folder`: where relative paths begin. @throws ValidationError */
export async function checkServiceFiles(
  folder: string,
  name: string,
  tls: ServiceTls,
): Promise<void> {
  const problems = await problemsOfService(folder, tls, []);
  if (problems.length > 0) throw new ValidationError(`service ${name}`, problems);
}

async function problemsOfListeners(
  folder: string,
  listeners: readonly ListenerFiles[],
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { at, certificates, ca } of listeners) {
    const path = ["listeners", at, "tls"];
    for (const [index, files] of certificates.entries()) {
      const source = identitySource(folder, files);
      problems.push(...(await problemsOf(source, [...path, "certificates", index])));
    }
    if (ca === undefined) continue;
    problems.push(...(await problemsOf(rootsSource(folder, ca), [...path, "clientCa"])));
  }
  return problems;
}

async function problemsOfControl(folder: string, tls: ControlTls | undefined): Promise<Problem[]> {
  if (tls === undefined) return [];
  const { cert, key, clientCa } = tls;
  const path = ["control", "tls"];
  const pair = identitySource(folder, { cert, key, names: undefined });
  const problems = await problemsOf(pair, [...path, "cert"]);
  if (clientCa === undefined) return problems;
  return [...problems, ...(await problemsOf(rootsSource(folder, clientCa), [...path, "clientCa"]))];
}

async function problemsOfService(
  folder: string,
  { files: { certificates, ca } }: ServiceTls,
  within: readonly Step[],
): Promise<Problem[]> {
  const path = [...within, "upstream", "tls"];
  const problems: Problem[] = [];
  for (const files of certificates) {
    problems.push(...(await problemsOf(identitySource(folder, files), [...path, "cert"])));
  }
  if (ca === undefined) return problems;
  return [...problems, ...(await problemsOf(rootsSource(folder, ca), [...path, "ca"]))];
}

async function problemsOf(
  { load }: CertificateSource<unknown>,
  path: readonly Step[],
): Promise<Problem[]> {
  try {
    await load();
    return [];
  } catch (error) {
    const { wanted, found } = asFileFlaw(error, "files that can be used");
    return [{ path: pathText(path), wanted, found }];
  }
}
