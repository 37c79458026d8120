import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Many tests start processes of their own, which want a processor too: two files at once. */
const FILES_AT_ONCE = Math.min(2, availableParallelism());

/** Long enough for a loaded machine: a test that hangs is told by its own deadlines long before. */
const TIMEOUT_MS = 60_000;

/** `npm test`: everything, unit and integration. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: FILES_AT_ONCE,
    testTimeout: TIMEOUT_MS,
    hookTimeout: TIMEOUT_MS,
    slowTestThreshold: 2_000,
    unstubEnvs: true,
    // Sidecars that tests start from source strip its types once, and not at every start.
    env: {
      NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/node", import.meta.url)),
    },
  },
});
