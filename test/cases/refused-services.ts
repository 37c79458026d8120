const v1 = { endpoints: ["10.0.0.5:3000"] };

/** A service that is right but for what is given. */
const withOne = (rest: object): object => ({ versions: { v1 }, ...rest });
const withVersion = (version: object): object => ({ versions: { v1: version } });
const withRoute = (match: object): object => withOne({ routes: [{ match }] });

const DURATION = "a duration with its unit, such as 250ms, 5s, 10m or 1h (at most 596h)";
const NAME =
  "a name of at most 63 letters, digits, '.', '_' or '-', beginning with a letter or digit, " +
  "not digits alone";
/** What is wanted of a host. */
export const HOST = "a host without port, such as web.internal or *.web.internal";
const ENDPOINT = "an address such as 10.0.0.5:3000 or { address, weight: 1 to 65535 }";
const SUM = "a sum of weights above 0 (to send a version nothing, set its state to drain or maint)";
const PATH = "a path in normal form: no //, no . or .. segment, nothing encoded that need not be";
const PATH_MATCH = "a path such as /shop, { exact: /shop } or { prefix: /shop }, in normal form";
const KEYS =
  "kind, hosts, stable, salt, affinity, balance, versions, rollout, routes, filters, timeout, " +
  "connectTimeout, " +
  "idleTimeout, tunnelIdleTimeout, responseTimeout, halfCloseGrace, stallTimeout, maxBody, " +
  "retries, buffer, hedge, deadlineField, mirror, headTimeout, limits, ejection, keepAlive, " +
  "healthCheck, slowStart, drain, onShift, consul, methods, tolerate, via, debug, " +
  "upstream, grpc, rateLimit";

/** Services that cannot be, each with everything that is wrong with it. */
export const refusedServices: readonly (readonly [unknown, ...string[]])[] = [
  [undefined, "wanted an object, found nothing"],
  [[], "wanted an object, found a list of 0"],
  ["x", 'wanted an object, found "x"'],
  [{}, "versions: wanted an object, found nothing"],
  [{ versions: {} }, "versions: wanted at least one version, found none"],
  [withOne({ x: 1 }), `x: wanted one of the keys ${KEYS}, found an unknown key`],
  [withOne({ mirror: { to: "v7" } }), 'mirror.to: wanted one of the versions v1, found "v7"'],
  [
    withOne({ routes: [{ match: {}, mirror: { to: "v7" } }] }),
    'routes[0].mirror.to: wanted one of the versions v1, found "v7"',
  ],
  [{ versions: { "1": v1 } }, `versions.1: wanted ${NAME}, found the key "1"`],
  [{ versions: { "a b": v1 } }, `versions["a b"]: wanted ${NAME}, found the key "a b"`],
  [withVersion({}), "versions.v1: wanted either endpoints or consul, found neither"],
  [
    withVersion({ ...v1, consul: { service: "web" } }),
    "versions.v1: wanted either endpoints or consul, found both",
  ],
  [
    withVersion({ consul: { service: "web", tag: "a", version: "b" } }),
    "versions.v1.consul: wanted at most one of version, tag or filter, found version and tag",
  ],
  [
    withVersion({ consul: { version: "b" } }),
    "versions.v1.consul: wanted either service or query, found neither",
  ],
  [
    withVersion({ consul: { service: "web", query: "web" } }),
    "versions.v1.consul: wanted either service or query, found both",
  ],
  [
    withVersion({ consul: { query: "web", filter: "a == 1" } }),
    "versions.v1.consul.filter: wanted no filter beside query, as a prepared query has filters " +
      'of its own, found "a == 1"',
  ],
  [
    withVersion({ consul: { service: "web", poll: "5s" } }),
    "versions.v1.consul.poll: wanted poll only beside query, as Consul tells of changes of a " +
      "service by itself, found 5000 ms",
  ],
  ...["999ms", "61s"].map(
    (poll) =>
      [
        withVersion({ consul: { query: "web", poll } }),
        `versions.v1.consul.poll: wanted a duration from 1s to 60s, found "${poll}"`,
      ] as const,
  ),
  [
    withVersion({ ...v1, weight: "ten" }),
    'versions.v1.weight: wanted a whole number from 0 to 1000000, found "ten"',
  ],
  [
    withVersion({ ...v1, weight: 1_000_001 }),
    "versions.v1.weight: wanted a whole number from 0 to 1000000, found 1000001",
  ],
  [
    withVersion({ ...v1, weight: -0.5 }),
    "versions.v1.weight: wanted a whole number from 0 to 1000000, found -0.5",
  ],
  [withVersion({ ...v1, weight: 0 }), `versions: wanted ${SUM}, found a sum of 0`],
  [
    { versions: { v1, v2: { weight: 1, endpoints: [] } } },
    "versions.v1.weight: wanted a weight, as there are other versions, found nothing",
  ],
  [
    withVersion({ ...v1, state: "off" }),
    'versions.v1.state: wanted one of ready, drain, maint, found "off"',
  ],
  [
    withVersion({ endpoints: ["a:1", "b"] }),
    `versions.v1.endpoints[1]: wanted ${ENDPOINT}, found "b"`,
  ],
  [
    withVersion({ endpoints: [{ address: "a:1", weight: 0 }] }),
    "versions.v1.endpoints[0].weight: wanted a whole number from 1 to 65535, found 0",
  ],
  [
    withVersion({ endpoints: ["a:1", "b:1", "A:1"] }),
    'versions.v1.endpoints[2]: wanted each endpoint once, found "a:1" again',
  ],
  [
    withVersion({ ...v1, endpointStates: { "a:1": "drain" } }),
    'versions.v1.endpointStates["a:1"]: wanted an endpoint of this version, found "a:1"',
  ],
  [
    withVersion({ consul: { service: "a" }, endpointStates: { a: "drain" } }),
    'versions.v1.endpointStates.a: wanted an endpoint\'s address, found "a"',
  ],
  [withOne({ stable: "v9" }), 'stable: wanted one of the versions v1, found "v9"'],
  [withOne({ hosts: [] }), "hosts: wanted at least one host, found a list of 0"],
  [withOne({ hosts: ["a:80"] }), `hosts[0]: wanted ${HOST}, found "a:80"`],
  [withOne({ hosts: ["*"] }), `hosts[0]: wanted ${HOST}, found "*"`],
  [withOne({ hosts: ["a.*"] }), `hosts[0]: wanted ${HOST}, found "a.*"`],
  [withOne({ hosts: ["a", "A"] }), 'hosts[1]: wanted each host once, found "a" again'],
  [
    withOne({ affinity: {} }),
    "affinity: wanted one of cookie, header, query or clientIp, found none",
  ],
  [
    withOne({ affinity: { cookie: "a", query: "b" } }),
    "affinity: wanted one of cookie, header, query or clientIp, found cookie and query",
  ],
  [withOne({ affinity: { clientIp: false } }), "affinity.clientIp: wanted true, found false"],
  [
    withOne({ balance: "random" }),
    'balance: wanted one of p2c, leastRequest, roundRobin, affinity, found "random"',
  ],
  [
    withOne({ balance: "affinity" }),
    "balance: wanted affinity only beside a key: affinity.cookie, .header, .query or .clientIp, " +
      "found no key",
  ],
  [
    withOne({ kind: "tcp", balance: "affinity", affinity: { clientIp: true } }),
    "balance: wanted p2c, leastRequest or roundRobin in a service of kind tcp, found affinity",
  ],
  [
    withOne({ affinity: { query: "a", set: true } }),
    "affinity.set: wanted set only beside cookie, found true",
  ],
  [
    withOne({ affinity: { clientIp: true, maxAge: "1h", secure: false } }),
    "affinity.maxAge: wanted maxAge only beside cookie, found 3600000",
    "affinity.secure: wanted secure only beside cookie, found false",
  ],
  [
    withOne({ affinity: { cookie: "a", maxAge: "1500ms" } }),
    'affinity.maxAge: wanted a duration of whole seconds, such as 24h, found "1500ms"',
  ],
  [
    withOne({ affinity: { cookie: "a", sameSite: "none" } }),
    'affinity.sameSite: wanted one of Strict, Lax, None, found "none"',
  ],
  [
    withOne({ affinity: { cookie: "a", sameSite: "None" } }),
    "affinity.secure: wanted true beside sameSite: None, as browsers ignore the cookie " +
      "otherwise, found false",
  ],
  [
    withOne({ affinity: { cookie: "__Secure-a" } }),
    "affinity.secure: wanted true beside cookie: __Secure-a, as browsers ignore the cookie " +
      "otherwise, found false",
  ],
  [
    withOne({ affinity: { cookie: "__Host-a", secure: true, domain: "shop.example" } }),
    "affinity: wanted no domain, and no path but /, beside cookie: __Host-a, found shop.example",
  ],
  [
    withOne({ affinity: { cookie: "a", path: "/a; HttpOnly" } }),
    'affinity.path: wanted a path that begins with /, without ; or blanks, found "/a; HttpOnly"',
  ],
  [
    withOne({ affinity: { cookie: "a", domain: "*.shop.example" } }),
    'affinity.domain: wanted a host such as shop.example, found "*.shop.example"',
  ],
  [
    withOne({ affinity: { cookie: "a b" } }),
    "affinity.cookie: wanted a token of at most 64 characters (RFC 9110 section 5.6.2), " +
      'found "a b"',
  ],
  [withOne({ timeout: 30 }), `timeout: wanted ${DURATION}, found 30`],
  [withOne({ timeout: true }), `timeout: wanted ${DURATION}, found true`],
  [
    withOne({ maxBody: "1MB" }),
    'maxBody: wanted a size with its unit, such as 512B, 64KiB, 8MiB or 1GiB, found "1MB"',
  ],
  [
    withOne({ retries: { attempts: 11 } }),
    "retries.attempts: wanted a whole number from 0 to 10, found 11",
  ],
  [
    withOne({ retries: { on: [502] } }),
    "retries.on[0]: wanted one of connect, reset-before-response, 503, timeout, " +
      "grpc-unavailable, " +
      "found 502",
  ],
  [
    withOne({ retries: { across: "all" } }),
    'retries.across: wanted one of never, stable-only, any, found "all"',
  ],
  [
    withOne({ ejection: { baseTime: "10m" } }),
    "ejection.maxTime: wanted a duration of at least baseTime (default: 300s), found nothing",
  ],
  [
    withOne({ drain: { soft: "2m", hard: "1m" } }),
    'drain.hard: wanted a duration of at least soft (default: 90s), found "1m"',
  ],
  [withOne({ onShift: "drop" }), 'onShift: wanted one of keep, migrate, found "drop"'],
  [
    withOne({ healthCheck: { path: "x" } }),
    'healthCheck.path: wanted a path that begins with /, found "x"',
  ],
  [
    withOne({ healthCheck: { path: "/", interval: "10ms" } }),
    'healthCheck.interval: wanted a duration of at least 100ms, found "10ms"',
  ],
  [
    withOne({ consul: { splitter: "both" } }),
    'consul.splitter: wanted one of follow, publish, found "both"',
  ],
  [withOne({ routes: [{}] }), "routes[0].match: wanted an object, found nothing"],
  [
    withOne({ routes: [{ match: {}, to: "v7" }] }),
    'routes[0].to: wanted one of the versions v1, found "v7"',
  ],
  [
    withOne({ routes: [{ match: {}, headTimeout: "1s" }] }),
    "routes[0].headTimeout: wanted one of the keys match, to, rollout, timeout, connectTimeout, " +
      "idleTimeout, tunnelIdleTimeout, responseTimeout, halfCloseGrace, stallTimeout, maxBody, " +
      "retries, buffer, hedge, deadlineField, mirror, priority, rateLimit, rewrite, request, " +
      "response, redirect, answer, cors, faults, found an unknown key",
  ],
  [
    withOne({ routes: [{ match: {}, answer: {}, redirect: { path: "/" } }] }),
    "routes[0]: wanted either answer or redirect, found both",
  ],
  [
    withOne({ routes: [{ match: {}, answer: {}, to: "v1", request: {} }] }),
    "routes[0].to: wanted no to beside answer, which goes to no endpoint, found one",
    "routes[0].request: wanted no request beside answer, which goes to no endpoint, found one",
  ],
  [withRoute({ path: "/a//b" }), `routes[0].match.path: wanted ${PATH}, found "/a//b"`],
  [withRoute({ path: "/a/../b" }), `routes[0].match.path: wanted ${PATH}, found "/a/../b"`],
  [withRoute({ path: "/%61" }), `routes[0].match.path: wanted ${PATH}, found "/%61"`],
  [withRoute({ path: "/%zz" }), `routes[0].match.path: wanted ${PATH}, found "/%zz"`],
  [withRoute({ path: "a" }), `routes[0].match.path: wanted ${PATH_MATCH}, found "a"`],
  [withRoute({ path: "/a?b" }), `routes[0].match.path: wanted ${PATH_MATCH}, found "/a?b"`],
  [
    withRoute({ methods: ["post"] }),
    'routes[0].match.methods[0]: wanted a method in upper case, such as POST, found "post"',
  ],
  [
    withRoute({ headers: { "x-beta": 1 } }),
    "routes[0].match.headers.x-beta: wanted a field value in visible ASCII, found 1",
  ],
  [
    withRoute({ headers: { a: "1", A: "1" } }),
    "routes[0].match.headers: wanted each field name once, whatever its case, found an object",
  ],
  [
    withRoute({ headers: { authorization: "Bearer ü" } }),
    "routes[0].match.headers.authorization: wanted a field value in visible ASCII, " +
      "found a hidden value",
  ],
  [
    JSON.parse('{"versions": {"__proto__": {"endpoints": []}}}'),
    "versions.__proto__: wanted another key, found a key reserved by JavaScript",
  ],
  [
    withOne({ timeout: 1, idleTimeout: 2, y: 3 }),
    `timeout: wanted ${DURATION}, found 1`,
    `idleTimeout: wanted ${DURATION}, found 2`,
    `y: wanted one of the keys ${KEYS}, found an unknown key`,
  ],
];
