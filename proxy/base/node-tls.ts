import type * as Crypto from "node:crypto";
import type * as Tls from "node:tls";

/*
 * A static import of these would load 4 MiB into processes that never speak TLS.
 */

/** The module `node:crypto`, loaded when it is first asked for. */
export function nodeCrypto(): typeof Crypto {
  return process.getBuiltinModule("node:crypto");
}

/** The module `node:tls`, likewise. */
export function nodeTls(): typeof Tls {
  return process.getBuiltinModule("node:tls");
}
