import { describe, expect, test } from "vitest";
import { runProgram } from "./support/foreign-process.ts";
import { startPython } from "./support/origins.ts";
import { isMissing, ownProgram, program } from "./support/programs.ts";
import { sidecarFor } from "./support/sidecar-for.ts";

/*
 * Goal: `docker exec` works through a sidecar. Its request has a body and asks for an upgrade,
 * which HAProxy 2.6 drops (haproxy/haproxy#2684).
 * Method: Docker's own clients, and an origin that speaks as much of the API as they need.
 */

describe.skipIf(isMissing("python"))("docker exec", () => {
  test("of the docker package of Python gets its 101 and the output", async () => {
    await using origin = await startPython("docker_origin.py");
    const { url } = await sidecarFor([origin.address]);
    const args = [ownProgram("docker_client.py"), url];
    const { out, error } = await runProgram(program("python"), args);
    expect({ out, error }).toEqual({
      out: expect.stringMatching(/^started with \d\d bytes\n$/),
      error,
    });
  });

  test.skipIf(isMissing("docker"))(
    "of Docker's own client gets output and takes stdin",
    async () => {
      await using origin = await startPython("docker_origin.py");
      const { url } = await sidecarFor([origin.address]);
      const command = `echo typed | "$0" -H "$1" exec -i box cat`;
      const args = ["-c", command, program("docker"), url.replace("http", "tcp")];
      const { out, error } = await runProgram("sh", args);
      expect({ out, error }).toEqual({
        out: expect.stringMatching(/^started with \d\d bytes\ntyped\n$/),
        error: "",
      });
    },
  );
});
