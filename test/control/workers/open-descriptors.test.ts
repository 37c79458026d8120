import { expect, test } from "vitest";
import { mostDescriptors } from "../../../control/workers/open-descriptors.ts";

test.runIf(process.platform === "linux")(
  "mostDescriptors() counts those of the process that has most, and leaves out who is gone",
  async () => {
    expect(await mostDescriptors([process.pid, 0])).toBeGreaterThan(2);
    expect(await mostDescriptors([0])).toBeUndefined();
  },
);
