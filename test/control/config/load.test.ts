import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recordOf } from "../../../control/base/record-of.ts";
import type { Config } from "../../../control/config/config-schema.ts";
import { loadConfig, readConfig, readServices } from "../../../control/config/load.ts";
import { ConfigError, problemText } from "../../../control/base/errors.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const LISTENERS = "listeners: [{ bind: 127.0.0.1:8080 }]";

function read(text: string, environment: Record<string, string> = {}): Config {
  return readConfig(text, { file: "sluice.yaml", environment });
}

function problems(text: string, environment: Record<string, string> = {}): readonly string[] {
  try {
    read(text, environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(problemText);
  }
}

describe("readConfig()", () => {
  test("refuses a service that contradicts itself in words", () => {
    const versions = "{ v1: { endpoints: ['127.0.0.1:1'] }, v2: { weight: 1, endpoints: [] } }";
    expect(problems(`${LISTENERS}\nservices: { web: { versions: ${versions} } }`)).toEqual([
      "services.web.versions.v1.weight: wanted a weight, as there are other versions, " +
        "found nothing (line 2, column 36)",
    ]);
  });

  test("fills every default", () => {
    expect(read(LISTENERS)).toStrictEqual({
      listeners: [
        {
          bind: "127.0.0.1:8080",
          service: undefined,
          trustedPeers: [],
          proxyProtocol: false,
          protocols: ["h2", "http/1.1"],
          connectionsMax: 10_000,
          tls: undefined,
        },
      ],
      listenerFiles: [],
      control: {
        bind: "127.0.0.1:9180",
        filterFolders: [],
        socketFolders: [],
        certificateFolders: [],
      },
      drain: { acceptForMs: 5_000, softMs: 60_000, hardMs: 90_000, connectionsPerSecond: 100 },
      workers: 1,
      store: { kind: "memory" },
      log: { level: "info" },
      require: {
        listenerTls: false,
        upstreamTls: false,
        unixEndpoints: "allowed",
        faults: "never",
      },
      rollouts: { hooks: {}, metrics: {} },
      services: {},
      documents: recordOf([]),
    });
  });

  test("reads JSON as it reads YAML", () => {
    const web = '{ timeout: 5s, versions: { v1: { endpoints: ["a:1"] } } }';
    const yaml = `${LISTENERS}\nservices: { web: ${web} }`;
    const json = JSON.stringify({
      listeners: [{ bind: "127.0.0.1:8080" }],
      services: { web: { timeout: "5s", versions: { v1: { endpoints: ["a:1"] } } } },
    });
    expect(read(json)).toStrictEqual(read(yaml));
  });

  test("keeps the documents as written, without the values of their variables", () => {
    const services = 'services: { web: { timeout: "${T}", versions: { v1: { endpoints: [] } } } }';
    const { documents } = read(`${LISTENERS}\n${services}`, { T: "5s" });
    expect(documents).toEqual({
      web: { timeout: "${T}", versions: { v1: { endpoints: [] } } },
    });
  });

  test("gives a value that is a variable alone the type that its key wants", () => {
    const text = [
      "listeners: [{ bind: '127.0.0.1:8080', connectionsMax: '${MOST}' }]",
      "workers: ${WORKERS:-2}",
      "consul: { token: '${TOKEN}', warningIsHealthy: '${LAX}' }",
      "register: { service: web, port: '${NOMAD_PORT_http}' }",
      "services: { web: { versions: { v1: { weight: '${W}', " +
        "endpoints: [{ address: '10.0.0.1:1', weight: '${W}' }] } } } }",
    ].join("\n");
    const environment = { MOST: "7", TOKEN: "1234", LAX: "true", NOMAD_PORT_http: "8080", W: "3" };
    const config = read(text, environment);
    expect(config).toMatchObject({ workers: 2, listeners: [{ connectionsMax: 7 }] });
    expect(config.consul).toMatchObject({ token: "1234", warningIsHealthy: true });
    expect(config.register?.port).toBe(8080);
    expect(config.services["web"]?.versions[0]).toMatchObject({
      weight: 3,
      source: { endpoints: [{ weight: 3 }] },
    });
    expect(problems(text, { ...environment, W: "three" })).toStrictEqual([
      "services.web.versions.v1.weight: wanted a whole number from 0 to 1000000, " +
        'found "${W}" (line 5, column 46)',
      "services.web.versions.v1.endpoints[0]: wanted an address such as 10.0.0.5:3000 or " +
        "{ address, weight: 1 to 65535 }, found an object (line 5, column 66)",
    ]);
  });

  test("leaves `x-…` at the top alone, and merges what it names", () => {
    const text =
      `${LISTENERS}\nx-short: &short { timeout: 1s }\n` +
      "services: { web: { <<: *short, versions: { 1.10: { endpoints: [] } } } }";
    const { services, documents } = read(text);
    expect(services["web"]?.versions.map(({ name }) => name)).toEqual(["1.10"]);
    expect(documents["web"]).toMatchObject({ timeout: "1s" });
    expect(problems(`${LISTENERS}\ncontrol: { x-a: 1 }`)).toHaveLength(1);
  });

  test("reads the blocks for Consul", () => {
    const config = read(
      [
        LISTENERS,
        'consul: { token: "${TOKEN:-}", datacenter: dc1, tls: { ca: ca.pem } }',
        "store: { kind: consul }",
        "register: { service: web, port: 80, check: { ttl: 30s, deregisterCriticalAfter: 10m } }",
      ].join("\n"),
    );
    expect(config.consul).toStrictEqual({
      address: "http://127.0.0.1:8500",
      wait: 45_000,
      token: undefined,
      datacenter: "dc1",
      tls: { ca: "ca.pem", insecure: false },
      warningIsHealthy: false,
      fleet: {},
      copies: "sluice.copies",
    });
    expect(config.store).toStrictEqual({ kind: "consul", prefix: "sluice", trust: [] });
    expect(config.register).toStrictEqual({
      service: "web",
      port: 80,
      tags: [],
      check: {
        http: undefined,
        tcp: undefined,
        ttlMs: 30_000,
        intervalMs: 5_000,
        timeoutMs: 2_000,
        deregisterCriticalAfterMs: 600_000,
      },
      connectProxy: false,
    });
  });

  test.each<[string, ...string[]]>([
    ["", "wanted an object, found nothing"],
    ["a: [", "wanted YAML 1.2 or JSON, found bad indent (line 1, column 5)"],
    ["a: 1\na: 2", "wanted YAML 1.2 or JSON, found duplicate key (line 2, column 1)"],
    [
      `${LISTENERS}\n---\nworkers: 2`,
      "wanted YAML 1.2 or JSON, found multiple docs (line 2, column 1)",
    ],
    ["a: !custom 1", "wanted YAML 1.2 or JSON, found tag resolve failed (line 1, column 4)"],
    ["a: *b", "wanted aliases of earlier anchors that add at most 100 nodes, found others"],
    ["workers: 2", "listeners: wanted a list, found nothing (line 1, column 1)"],
    [
      `${LISTENERS}\nworkers: 65\nstore: { kind: redis }`,
      "workers: wanted a whole number from 1 to 64, found 65 (line 2, column 10)",
      'store.kind: wanted one of memory, file, consul, found "redis" (line 3, column 16)',
    ],
    [
      `${LISTENERS}\nstore: { kind: file }`,
      "store.path: wanted a text, found nothing (line 2, column 8)",
    ],
    [
      `${LISTENERS}\ncontrol: { bind: "0.0.0.0:9180" }`,
      "control.bind: wanted a loopback address (127.0.0.0/8, [::1], localhost or unix:), " +
        'or control.tls and control.auth with it, found "0.0.0.0:9180" (line 2, column 18)',
    ],
    [
      `${LISTENERS}\ndrain: { port: 1 }`,
      "drain.port: wanted one of the keys acceptFor, soft, hard, connectionsPerSecond, " +
        "found an unknown key (line 2, column 16)",
    ],
    [
      'listeners: [{ bind: "a:1" }, { bind: "a:1" }, { bind: "a:0" }, { bind: "b:0" }]',
      'listeners[1].bind: wanted each address once, found "a:1", ' +
        "as in listeners[0].bind (line 1, column 38)",
    ],
    [
      'listeners: [{ bind: "0.0.0.0:9180" }]',
      'listeners[0].bind: wanted each address once, found "0.0.0.0:9180", ' +
        "which overlaps with 127.0.0.1:9180 of control.bind (line 1, column 21)",
    ],
    [
      `${LISTENERS}\nservices: { web: { versions: { v1: { endpoints: ["10.0.0.1:1", ` +
        '"localhost:8080"] } } } }',
      "services.web.versions.v1.endpoints[1]: wanted an address of the service, " +
        'found "localhost:8080", ' +
        "where this sidecar itself answers (127.0.0.1:8080) (line 2, column 64)",
    ],
    [
      'listeners: [{ bind: "127.0.0.1:9180" }]',
      "listeners[0].bind: wanted each address once, " +
        'found "127.0.0.1:9180", as in control.bind (line 1, column 21)',
    ],
    [
      'listeners: [{ bind: "127.0.0.1:1", proxyProtocol: true, trustedPeers: [unix] }]',
      "listeners[0].trustedPeers: wanted those who may send the PROXY header, " +
        "found none who could come by 127.0.0.1:1 (line 1, column 71)",
    ],
    [
      'listeners: [{ bind: "unix:/a", proxyProtocol: true, trustedPeers: [0.0.0.0/0] }]',
      "listeners[0].trustedPeers: wanted those who may send the PROXY header, " +
        "found none who could come by unix:/a (line 1, column 67)",
    ],
    [
      'listeners: [{ bind: "127.0.0.1:1", proxyProtocol: true }]',
      "listeners[0].trustedPeers: wanted those who may send the PROXY header, " +
        "found none who could come by 127.0.0.1:1 (line 1, column 13)",
    ],
    [
      'listeners: [{ bind: "a:1", trustedPeers: [1.0.0.0/8, 10.0.0.0/99] }]',
      "listeners[0].trustedPeers[1]: wanted an address range such as 10.0.0.0/8, or unix, " +
        'found "10.0.0.0/99" (line 1, column 54)',
    ],
    [
      'listeners: [{ bind: "a:1", protocols: [h2, h2] }]',
      "listeners[0].protocols: wanted each protocol once, found a list of 2 (line 1, column 39)",
    ],
    [
      'listeners: [{ bind: "a:1", protocols: [] }]',
      "listeners[0].protocols: wanted at least one protocol, found a list of 0 (line 1, column 39)",
    ],
    [
      'listeners: [{ bind: "a:1", protocols: [h3] }]',
      'listeners[0].protocols[0]: wanted one of h2, http/1.1, found "h3" (line 1, column 40)',
    ],
    [
      'listeners: [{ bind: "a:1", service: web }]',
      "listeners[0].service: wanted one of the services of this file, " +
        'found "web" (line 1, column 37)',
    ],
    [
      `${LISTENERS}\nstore: { kind: consul }`,
      "consul: wanted how to reach Consul, which store uses, found nothing (line 1, column 1)",
    ],
    [
      `${LISTENERS}\nconsul: {}\nregister: { service: a, port: 1, check: {} }`,
      "register.check: wanted one of http, tcp or ttl, found an object (line 3, column 41)",
    ],
    [
      `${LISTENERS}\nconsul: { token: 12345, address: "http://u:hush@h:1" }`,
      "consul.address: wanted an http:// or https:// URL without user, query or fragment, " +
        'or unix:///run/consul.sock, found "http://…@h:1" (line 2, column 34)',
      "consul.token: wanted a text, found a hidden value (line 2, column 18)",
    ],
    [
      `${LISTENERS}\nservices:\n  a: { hosts: [x], versions: { v1: { endpoints: [] } } }\n` +
        "  x: { versions: { v1: { endpoints: [] } } }",
      "services.x: wanted a host that no other service has, " +
        'found "x" of service a (line 4, column 6)',
    ],
    [
      `${LISTENERS}\nstore: { kind: file, path: "\${FILE}" }\nworkers: "\${N:-2}"`,
      "store.path: wanted the environment variable FILE, or a default, " +
        "found it is not set (line 2, column 28)",
    ],
    [
      `${LISTENERS}\nworkers: "x\${N:-2}"\nstore: { kind: file, path: "\${A:-\${B:-x}}" }`,
      "store.path: wanted ${NAME} or ${NAME:-default} without another reference inside " +
        "(write $$ for a $), found ${ (line 3, column 28)",
      'workers: wanted a whole number from 1 to 64, found "x${N:-2}" (line 2, column 10)',
    ],
    [
      `${LISTENERS}\nservices: { "\${N}": { versions: { v1: { endpoints: [] } } } }`,
      'services["${N}"]: wanted a key without ${, as keys stand for themselves, ' +
        "found ${ (line 2, column 21)",
    ],
  ])("refuses %j", (text, ...expected) => {
    expect(problems(text)).toStrictEqual(expected);
  });

  test("refuses aliases that multiply", () => {
    const lines = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (const [name, from] of ["ba", "cb", "dc", "ed", "fe", "gf"].map((pair) => pair.split(""))) {
      lines.push(`${name}: &${name} [${Array(9).fill(`*${from}`).join(", ")}]`);
    }
    expect(problems(lines.join("\n"))).toStrictEqual([
      "wanted aliases of earlier anchors that add at most 100 nodes, found others",
    ]);
  });

  test("shows no secret, wherever the mistake is", () => {
    const consul = '{ token: "${T}", tls: { key: [hush], cert: "${T}" } }';
    const text = `${LISTENERS}\nconsul: ${consul}\nx: "\${T}"`;
    expect(problems(text, { T: "hush" }).join("\n")).not.toContain("hush");
    expect(problems('consul: { token: "hush').join("\n")).not.toContain("hush");
  });
});

describe("loadConfig()", () => {
  test("reads a file", async () => {
    const file = join(await temporaryFolder(), "sluice.yaml");
    await writeFile(file, `${LISTENERS}\nworkers: 3`);
    expect(await loadConfig(file, {})).toMatchObject({ workers: 3 });
  });

  test("names a file that is not there, and one that is too large", async () => {
    const file = join(await temporaryFolder(), "sluice.yaml");
    await expect(loadConfig(file, {})).rejects.toThrow(
      `Cannot use ${file}: wanted a readable file of at most 8388608 bytes, found ENOENT`,
    );
    await writeFile(file, "#".repeat(8_388_609));
    await expect(loadConfig(file, {})).rejects.toThrow("found 8388609 bytes");
  });
});

describe("readServices()", () => {
  test.each([
    ["services by name", "web: { versions: {} }"],
    ["a configuration file", "x-any: 1\nlisteners: []\nservices: { web: { versions: {} } }"],
  ])("takes %s", async (_name, text) => {
    const file = join(await temporaryFolder(), "services.yaml");
    await writeFile(file, text);
    expect(await readServices(file)).toEqual({ web: { versions: {} } });
  });

  test("takes a service that is called services, and keeps variables as they are", async () => {
    const file = join(await temporaryFolder(), "services.yaml");
    await writeFile(file, "services: { versions: { v1: { endpoints: ['${HOST}:1'] } } }");
    const document = { versions: { v1: { endpoints: ["${HOST}:1"] } } };
    expect(await readServices(file)).toEqual({ services: document });
  });

  test("says where something else than a service stands", async () => {
    const file = join(await temporaryFolder(), "services.yaml");
    await writeFile(file, "web: { versions: {} }\nlisteners: []");
    await expect(readServices(file)).rejects.toThrow(
      "listeners: wanted a service, which has `versions`, found something else (line 2, column",
    );
  });
});
