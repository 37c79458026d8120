import { defineConfig } from "vitest/config";

/** What takes minutes because it has its real length; not in the gate. */
export default defineConfig({
  test: { include: ["test/soak/*.soak.ts"], testTimeout: 150_000, hookTimeout: 60_000 },
});
