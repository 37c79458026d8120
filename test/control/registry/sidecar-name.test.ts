import { describe, expect, test } from "vitest";
import type { Config } from "../../../control/config/config-schema.ts";
import { readConfig } from "../../../control/config/load.ts";
import { sidecarNameOf } from "../../../control/registry/sidecar-name.ts";
import { ConfigError } from "../../../control/base/errors.ts";

const PLACE = { host: "node-7.example", pid: 4711 };

function configOf(bind: string, consul: object = {}): Config {
  const document = { listeners: [{ bind: "127.0.0.1:8080" }], control: { bind }, consul };
  return readConfig(JSON.stringify(document), { file: "test", environment: {} });
}

describe("sidecarNameOf()", () => {
  test.each([
    ["127.0.0.1:9181", "node-7.example-9181", true],
    ["[::1]:9181", "node-7.example-9181", true],
    ["unix:/run/sluice/edge.sock", "node-7.example-run-sluice-edge.sock", true],
    ["127.0.0.1:0", "node-7.example-pid-4711", false],
  ])("with the control API at %s is %s", (bind, name, isLasting) => {
    expect(sidecarNameOf(configOf(bind), PLACE)).toEqual({ name, isLasting });
  });

  test("is what the configuration says", () => {
    const config = configOf("127.0.0.1:0", { sidecar: "edge-1" });
    expect(sidecarNameOf(config, PLACE)).toEqual({ name: "edge-1", isLasting: true });
  });

  test.each(["", ".", "..", "a/b", "-a", "ä"])("of the configuration cannot be %j", (sidecar) => {
    expect(() => configOf("127.0.0.1:9181", { sidecar })).toThrow(ConfigError);
  });
});
