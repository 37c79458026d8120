import { defineConfig } from "vitest/config";

const { FUZZ_SECONDS = "600", FUZZ_SEED = String(Date.now() >>> 0) } = process.env;

/** `npm run fuzz`: the gate's fuzz tests, for longer and with another seed every time. */
export default defineConfig({
  test: {
    include: ["test/**/*-fuzz.test.ts"],
    env: { FUZZ_SECONDS, FUZZ_SEED },
  },
});
