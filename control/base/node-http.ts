/*
 * `import "node:http"` loads everything that it could give, WebSocket among it, and for that a copy
 * of undici that is Node's own, in a process that has no use for it. This way loads nothing more
 * than `require` does; docs/performance.md says what that saves.
 */

/** The module `node:http`. */
export const http = process.getBuiltinModule("node:http");

/** The module `node:https`. */
export const https = process.getBuiltinModule("node:https");
