import type * as Https from "node:https";

/*
 * `import "node:http"` loads everything that the module exports, including WebSocket and for it
 * Node's own copy of undici, in a process that has no use for either. This way loads no more than
 * `require` does; docs/performance.md says what that saves.
 */

/** The module `node:http`. */
export const http = process.getBuiltinModule("node:http");

/** The module `node:https`, with 4 MiB of TLS, loaded when it is first asked for. */
export function nodeHttps(): typeof Https {
  return process.getBuiltinModule("node:https");
}
