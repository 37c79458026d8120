/**
 * What a worker may know of the primary's environment: how Node and its libraries work, and nothing
 * that only the primary needs. Secrets such as CONSUL_HTTP_TOKEN stay where they are used: filters
 * run in workers, and get what they need as options.
 */
export const WORKER_VARIABLES = [
  "HOME",
  "LANG",
  "LC_ALL",
  "NODE_ENV",
  "NODE_EXTRA_CA_CERTS",
  "NODE_ICU_DATA",
  "NODE_OPTIONS",
  "NODE_V8_COVERAGE",
  "PATH",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
  "TMPDIR",
  "TZ",
  "UV_THREADPOOL_SIZE",
] as const;

/** The environment of a worker. `pseudonym`: our name in CDN-Loop and Via. */
export function workerEnvironment(env: NodeJS.ProcessEnv, pseudonym: string): NodeJS.ProcessEnv {
  const kept = WORKER_VARIABLES.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), SLUICE_PSEUDONYM: pseudonym };
}
