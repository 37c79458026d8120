import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/**
 * Files mostly wait, for processes that they have started and for time to pass: two more than there
 * are processors. Those processes want a processor too, so no more than four.
 */
const FILES_AT_ONCE = Math.min(4, availableParallelism() + 2);

/** Long enough for a loaded machine: a test that hangs is told by its own deadlines long before. */
const TIMEOUT_MS = 60_000;

/** They measure or change the process that they run in. */
const ALONE = [
  "test/proxy/clients/client-connection.test.ts",
  "test/proxy/clients/exchange-store.test.ts",
  "test/proxy/transport/write-batch.test.ts",
];

/**
 * `npm test`: everything, unit and integration. Files share their processes: no module of ours keeps
 * anything that another file could find, and to start a process for each, with all its imports,
 * takes longer than most tests.
 */
export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: FILES_AT_ONCE,
    testTimeout: TIMEOUT_MS,
    hookTimeout: TIMEOUT_MS,
    slowTestThreshold: 2_000,
    unstubEnvs: true,
    // What tests start compiles its code once, and not at every start: see built-program.ts.
    env: {
      NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/node", import.meta.url)),
    },
    projects: [
      { extends: true, test: { name: "alone", include: ALONE } },
      {
        extends: true,
        test: {
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: ALONE,
          isolate: false,
        },
      },
    ],
  },
});
