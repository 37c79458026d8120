import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Each file has processes of others beside a sidecar of ours. */
const FILES_AT_ONCE = Math.min(2, availableParallelism());

/** A transfer of its real length takes 45 s. */
const TIMEOUT_MS = 120_000;

/** `npm run test:foreign`: clients and origins that others wrote, at both ends of a sidecar. */
export default defineConfig({
  test: {
    include: ["test/foreign/*.foreign.ts", "test/browser/*.foreign.ts"],
    globalSetup: ["test/foreign/support/install.ts"],
    pool: "forks",
    maxWorkers: FILES_AT_ONCE,
    testTimeout: TIMEOUT_MS,
    hookTimeout: TIMEOUT_MS,
    slowTestThreshold: 10_000,
    env: {
      NODE_COMPILE_CACHE: fileURLToPath(new URL("../node_modules/.cache/node", import.meta.url)),
    },
  },
});
