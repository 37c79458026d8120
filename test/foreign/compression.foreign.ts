import { describe, expect, test } from "vitest";
import { startNginx } from "./support/configured-servers.ts";
import { runProgram } from "./support/foreign-process.ts";
import { isMissing, program } from "./support/programs.ts";
import { sidecarFor } from "./support/sidecar-for.ts";

/*
 * Goal: an origin compresses as it does when it is asked directly.
 * Method: nginx with `gzip on` and its other defaults, which send what has a Via uncompressed.
 */

const LIST = JSON.stringify(Array.from({ length: 4_000 }, (_, id) => ({ id, name: `item ${id}` })));

/** How many bytes of a body curl gets. */
async function bytesOf(url: string): Promise<number> {
  const args = ["-s", "--compressed", "-o", "/dev/null", "-w", "%{size_download}", `${url}/list`];
  return Number((await runProgram(program("curl"), args)).out);
}

describe.skipIf(isMissing("nginx", "curl"))(
  "nginx with gzip on, asked by curl --compressed",
  () => {
    test("compresses behind a sidecar as it does without one; with Via it does not", async () => {
      await using origin = await startNginx(
        ({ port, folder }) => `
        gzip on;
        gzip_types application/json;
        server {
          listen 127.0.0.1:${port};
          root ${folder};
          default_type application/json;
        }`,
        { list: LIST },
      );
      const direct = await bytesOf(`http://${origin.address}`);
      expect(direct).toBeLessThan(LIST.length / 4);
      expect(await bytesOf((await sidecarFor([origin.address])).url)).toBe(direct);
      const named = await sidecarFor([origin.address], { via: "request" });
      expect(await bytesOf(named.url)).toBe(LIST.length);
    });
  },
);
