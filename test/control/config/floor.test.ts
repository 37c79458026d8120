import { describe, expect, test } from "vitest";
import { floorSchema, listenersBelow, serviceBelow } from "../../../control/config/floor.ts";
import { readConfig } from "../../../control/config/load.ts";
import { readService } from "../../../control/config/read-service.ts";

const v1 = { endpoints: ["10.0.0.1:1"] };
const certificates = [{ cert: "a.pem", key: "a.key" }];

function below(floor: object, document: object, name = "web"): readonly string[] {
  const service = readService(name, { versions: { v1 }, ...document });
  return serviceBelow(floorSchema.parse(floor), name, service).map(
    ({ path, found }) => `${path.join(".")} ${found}`,
  );
}

describe("listenersBelow()", () => {
  const bindsBelow = (listenerTls: boolean): readonly unknown[] => {
    const binds = ["0.0.0.0:80", "127.0.0.1:80", "unix:/run/a", "[::1]:80", "10.0.0.1:80"];
    const listeners = [
      ...binds.map((bind) => ({ bind })),
      { bind: "a:443", tls: { certificates } },
    ];
    const { listeners: read } = readConfig(JSON.stringify({ listeners: listeners.slice(1) }), {
      file: "test",
      environment: {},
    });
    return listenersBelow(floorSchema.parse({ listenerTls }), read).map(({ path }) => path[1]);
  };

  test("are those without TLS that other machines can reach", () => {
    expect(bindsBelow(true)).toEqual([3]);
  });

  test("are none without such a floor", () => {
    expect(bindsBelow(false)).toEqual([]);
  });
});

describe("serviceBelow()", () => {
  test("is what speaks in clear where TLS is required", () => {
    const inClear = ["upstream.tls none"];
    expect(below({ upstreamTls: true }, {})).toEqual(inClear);
    expect(below({ upstreamTls: ["api", "web"] }, {})).toEqual(inClear);
    expect(below({ upstreamTls: ["api"] }, {})).toEqual([]);
    expect(below({ upstreamTls: false }, {})).toEqual([]);
    expect(below({ upstreamTls: true }, { upstream: {} })).toEqual(inClear);
    expect(below({ upstreamTls: true }, { upstream: { tls: {} } })).toEqual([]);
    expect(
      below(
        { upstreamTls: true },
        { upstream: { connect: true }, versions: { v1: { consul: { service: "web" } } } },
      ),
    ).toEqual([]);
  });

  test("is TLS that verifies nobody", () => {
    const upstream = { tls: { insecure: true } };
    expect(below({ upstreamTls: true }, { upstream })).toEqual(["upstream.tls.insecure true"]);
    expect(below({}, { upstream })).toEqual([]);
  });

  test("is a Unix socket where there must be none", () => {
    const versions = { v1, v2: { weight: 1, endpoints: ["unix:/run/a", "10.0.0.1:2"] } };
    const document = { versions: { ...versions, v1: { weight: 1, ...v1 } } };
    expect(below({ unixEndpoints: "never" }, document)).toEqual([
      'versions.v2.endpoints.0 "unix:/run/a"',
    ]);
    expect(below({ unixEndpoints: "allowed" }, document)).toEqual([]);
  });
});

describe("serviceBelow() of faults", () => {
  const routes = [{ match: {} }, { match: {}, faults: { abort: { percent: 1 } } }];

  test("is every route that has them, unless the file allows it", () => {
    expect(below({}, { routes })).toEqual(["routes.1.faults faults"]);
    expect(below({ faults: "allowed" }, { routes })).toEqual([]);
  });
});

describe("A file", () => {
  const problemsOf = (document: object): string => {
    try {
      readConfig(JSON.stringify(document), { file: "test", environment: {} });
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };

  test("may not be below its own floor", () => {
    const text = problemsOf({
      listeners: [{ bind: "0.0.0.0:80" }],
      require: { listenerTls: true, upstreamTls: ["web"], unixEndpoints: "never" },
      services: { web: { versions: { v1: { endpoints: ["unix:/run/a"] } } } },
    });
    expect(text).toContain("listeners[0].tls: wanted TLS where other machines connect, as require");
    expect(text).toContain("services.web.upstream.tls: wanted TLS with verified endpoints, as req");
    expect(text).toContain("services.web.versions.v1.endpoints[0]: wanted no Unix socket, as req");
  });

  test("names a wrong floor", () => {
    const listeners = [{ bind: "127.0.0.1:80" }];
    expect(problemsOf({ listeners, require: { upstreamTls: "web" } })).toContain(
      "require.upstreamTls: wanted true, false or a list of services",
    );
  });
});
