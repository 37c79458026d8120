import { describe, expect, test } from "vitest";
import { DocumentRules } from "../../../control/config/document-rules.ts";
import type { RulingConfig } from "../../../control/config/document-rules.ts";
import { readConfig } from "../../../control/config/load.ts";
import { readService } from "../../../control/config/read-service.ts";

const ENVIRONMENT = { TOKEN: "hush", HOST: "10.0.0.1" };

function configOf(endpoints: readonly string[], more: object = {}): RulingConfig {
  const services = { web: { versions: { v1: { endpoints } } } };
  const text = JSON.stringify({ listeners: [{ bind: "127.0.0.1:8080" }], services, ...more });
  return readConfig(text, { file: "test", environment: ENVIRONMENT });
}

function flaws(rules: DocumentRules, ...endpoints: readonly string[]): readonly string[] {
  const service = readService("web", { versions: { v1: { endpoints } } });
  return rules.check("web", service).map(({ path, found }) => `${path.join(".")} ${found}`);
}

describe("DocumentRules", () => {
  test("lets a table from Consul use the variables of the file's services, and no others", () => {
    const services = ["${HOST}:80", "${NONE:-10.0.0.2}:80"];
    const consul = { consul: { token: "${TOKEN}" }, store: { kind: "consul" } };
    const rules = new DocumentRules(configOf(services, consul), ENVIRONMENT);
    expect(rules.environment).toEqual({ HOST: "10.0.0.1", NONE: undefined });
    expect(new DocumentRules(configOf(services), ENVIRONMENT).environment).toBe(ENVIRONMENT);
    rules.follow(configOf([], consul));
    expect(rules.environment).toEqual({});
  });

  test("allows sockets that the file names, and those in folders that it names", () => {
    const control = { socketFolders: ["/run/apps/"] };
    const rules = new DocumentRules(configOf(["unix:/run/web.sock"], { control }), {});
    expect(flaws(rules, "unix:/run/web.sock", "unix:/run/x/../web.sock")).toEqual([]);
    expect(flaws(rules, "unix:/run/apps/a.sock", "unix:/run/apps/b/c.sock")).toEqual([]);
    expect(
      flaws(rules, "unix:/run/apps/../docker.sock", "unix:/run/appsies/a", "unix:/run/apps"),
    ).toEqual([
      'versions.v1.endpoints.0 "unix:/run/apps/../docker.sock"',
      'versions.v1.endpoints.1 "unix:/run/appsies/a"',
      'versions.v1.endpoints.2 "unix:/run/apps"',
    ]);
    rules.follow(configOf([]));
    expect(flaws(rules, "unix:/run/web.sock")).toHaveLength(1);
  });

  test("knows where a connection would end at the sidecar itself", () => {
    const rules = new DocumentRules(configOf([], { control: { bind: "127.0.0.1:9999" } }), {});
    const own = ["127.0.0.1:9999", "127.0.0.1:8080", "10.0.0.1:8080"];
    expect(own.map((address) => rules.ownBindOf(address))).toEqual([
      "127.0.0.1:9999",
      "127.0.0.1:8080",
      undefined,
    ]);
    rules.follow(configOf([]));
    expect(rules.ownBindOf("127.0.0.1:9999")).toBeUndefined();
  });

  test("allows certificates that the file names, and those in folders that it names", () => {
    const tls = (ca: string, cert = "client.pem"): object => ({ ca, cert, key: "client.key" });
    const certificates = [{ cert: "shop.pem", key: "shop.key" }];
    const web = { versions: { v1: { endpoints: [] } }, upstream: { tls: tls("./mesh/../ca.pem") } };
    const config = readConfig(
      JSON.stringify({
        listeners: [{ bind: "127.0.0.1:8080", tls: { certificates } }],
        control: { certificateFolders: ["tls"] },
        services: { web },
      }),
      { file: "test", environment: {} },
    );
    const rules = new DocumentRules(config, {}, "/etc/sluice");
    const found = (...args: Parameters<typeof tls>): readonly string[] => {
      const upstream = { tls: tls(...args) };
      const service = readService("api", { versions: { v1: { endpoints: [] } }, upstream });
      return rules.check("web", service).map((flaw) => `${flaw.path.join(".")} ${flaw.found}`);
    };
    expect(found("ca.pem")).toEqual([]);
    expect(found("/etc/sluice/ca.pem", "shop.pem")).toEqual([]);
    expect(found("tls/deep/ca.pem", "/etc/sluice/tls/a.pem")).toEqual([]);
    expect(found("tls/../other.pem", "/etc/shadow")).toEqual([
      'upstream.tls.ca "tls/../other.pem"',
      'upstream.tls.cert "/etc/shadow"',
    ]);
  });

  test("allows no endpoint that is the sidecar itself", () => {
    const rules = new DocumentRules(configOf(["10.0.0.1:1"]), {});
    expect(flaws(rules, "10.0.0.1:1", "127.0.0.1:8080", "127.0.0.1:9180")).toHaveLength(2);
  });

  test("lets documents speak in the mesh only where the file says who we are in it", () => {
    const document = {
      upstream: { connect: true },
      versions: { v1: { consul: { service: "api" } } },
    } as const;
    const service = readService("api", document);
    const rules = new DocumentRules(configOf([], { consul: {} }), {});
    expect(rules.check("web", service).map(({ path }) => path.join("."))).toEqual([
      "upstream.connect",
    ]);
    rules.follow(configOf([], { consul: { connect: { service: "web" } } }));
    expect(rules.check("web", service)).toEqual([]);
  });

  test("allows nothing below the file's floor", () => {
    const upstream = { tls: {} };
    const web = { upstream, versions: { v1: { endpoints: ["10.0.0.1:1"] } } };
    const floor = { require: { upstreamTls: ["web"] } };
    const text = JSON.stringify({
      listeners: [{ bind: "127.0.0.1:8080" }],
      services: { web },
      ...floor,
    });
    const rules = new DocumentRules(readConfig(text, { file: "test", environment: {} }), {});
    expect(flaws(rules, "10.0.0.1:1")).toEqual(["upstream.tls none"]);
    expect(rules.below("api", readService("api", { versions: web.versions }))).toEqual([]);
    rules.follow(configOf([]));
    expect(flaws(rules, "10.0.0.1:1")).toEqual([]);
  });
});
