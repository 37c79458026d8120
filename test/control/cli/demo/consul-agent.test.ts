import { chmod, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { Children } from "../../../../control/cli/demo/children.ts";
import { findConsul, startConsul, unusedPorts } from "../../../../control/cli/demo/consul-agent.ts";
import { systemClock } from "../../../../proxy/base/clock.ts";
import { consulForTests } from "../../../support/consul-binary.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

const binary = (await consulForTests()) ?? "";

describe.skipIf(binary === "")("startConsul()", { timeout: 60_000 }, () => {
  test("starts an agent of its own from CONSUL_BIN, which ends with the demo", async () => {
    const directory = await temporaryFolder();
    const children = new Children(systemClock);
    try {
      const place = { children, directory };
      const url = await startConsul(place, { CONSUL_BIN: binary });
      expect(await (await fetch(`${url}/v1/status/leader`)).json()).toMatch(/^127\.0\.0\.1:/);
      await children.stop();
      await expect(fetch(url)).rejects.toThrow("fetch failed");
    } finally {
      await children.stop();
    }
  });
});

describe("unusedPorts()", () => {
  test.each([
    ["Consul v1.8.7\nProtocol 2", { dns: -1, grpc: -1 }],
    ["Consul v1.14.0", { dns: -1, grpc: -1, grpc_tls: -1 }],
    ["Consul v2.0.1+ent", { dns: -1, grpc: -1, grpc_tls: -1 }],
    ["nonsense", { dns: -1, grpc: -1 }],
  ])("of a program that calls itself %j are %j", async (version, ports) => {
    const file = join(await temporaryFolder(), "consul");
    await writeFile(file, `#!/bin/sh\necho "${version}"\n`);
    await chmod(file, 0o755);
    expect(await unusedPorts(file)).toEqual(ports);
  });
});

describe("findConsul()", () => {
  test("takes CONSUL_BIN, else the first on PATH", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "consul");
    await writeFile(file, "#!/bin/sh\n");
    await chmod(file, 0o755);
    expect(await findConsul({ CONSUL_BIN: file, PATH: "" })).toBe(file);
    expect(await findConsul({ CONSUL_BIN: "", PATH: `${dirname(folder)}:${folder}` })).toBe(file);
  });

  test.each([
    [{ PATH: "" }, "found neither"],
    [{ PATH: "", CONSUL_BIN: "nowhere" }, "found no program at CONSUL_BIN (nowhere)"],
  ])("says clearly that there is none: %j", async (env, found) => {
    await expect(findConsul(env)).rejects.toMatchObject({
      code: "no_consul",
      message: expect.stringMatching(/^Cannot find Consul: wanted its program in CONSUL_BIN or on/),
    });
    await expect(findConsul(env)).rejects.toThrow(`--consul http://127.0.0.1:8500), ${found}`);
  });
});
