/**
 * What a worker may know of the primary's environment: how Node and its libraries work, and nothing
 * that only the primary needs. Secrets such as CONSUL_HTTP_TOKEN stay where they are used: filters
 * run in workers, and get what they need as options.
 */
export const WORKER_VARIABLES = [
  "HOME",
  "LANG",
  "LC_ALL",
  "NODE_COMPILE_CACHE",
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

/**
 * How glibc's malloc works in a worker, unless the primary's own environment says otherwise
 * (mallopt(3)); other C libraries ignore it. Each connection over TLS has a buffer of 64 KiB, in
 * Node, of which one at rest has used a page. On the heap, such buffers come to lie where memory
 * was used before, and then all of it is in use. So they get mappings of their own: the heap never
 * grows by so much that one fits in there, and what is free at its end is given back only when it
 * is more than connections come and go with.
 */
const MALLOC: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: "65536",
  MALLOC_TOP_PAD_: "32768",
  MALLOC_TRIM_THRESHOLD_: "8388608",
};

/** The environment of a worker. `pseudonym`: our name in CDN-Loop and Via. */
export function workerEnvironment(env: NodeJS.ProcessEnv, pseudonym: string): NodeJS.ProcessEnv {
  const kept = [...WORKER_VARIABLES, ...Object.keys(MALLOC)].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...MALLOC, ...Object.fromEntries(kept), SLUICE_PSEUDONYM: pseudonym };
}
