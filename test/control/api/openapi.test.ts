import { expect, test } from "vitest";
import { startApi } from "../../support/running-api.ts";

/** Every path of the API with its methods: what docs/control-api.md promises. */
const ROUTES: Readonly<Record<string, readonly string[]>> = {
  "/livez": ["get"],
  "/metrics": ["get"],
  "/readyz": ["get"],
  "/v1/audit": ["get"],
  "/v1/audit/accept": ["post"],
  "/v1/audit/check": ["get"],
  "/v1/counts": ["get"],
  "/v1/drain": ["post"],
  "/v1/events": ["get"],
  "/v1/certificates": ["get"],
  "/v1/certificates/reload": ["post"],
  "/v1/filters": ["get"],
  "/v1/filters/{name}": ["put"],
  "/v1/fleet": ["get"],
  "/v1/fleet/counts": ["get"],
  "/v1/freezes": ["delete", "get", "post"],
  "/v1/log": ["get", "put"],
  "/v1/openapi.json": ["get"],
  "/ui/": ["get"],
  "/v1/reload": ["post"],
  "/v1/rollouts": ["get", "post"],
  "/v1/rollouts/{id}": ["get"],
  "/v1/rollouts/{id}/abort": ["post"],
  "/v1/rollouts/{id}/explain": ["get"],
  "/v1/rollouts/{id}/pause": ["post"],
  "/v1/rollouts/{id}/promote": ["post"],
  "/v1/rollouts/{id}/resume": ["post"],
  "/v1/rollouts/{id}/retry": ["post"],
  "/v1/rollouts/{id}/seconds": ["get"],
  "/v1/rollouts/{id}/undo": ["post"],
  "/v1/services": ["get"],
  "/v1/services/{service}": ["delete", "get", "put"],
  "/v1/services/{service}/confirm": ["post"],
  "/v1/services/{service}/plan": ["post"],
  "/v1/services/{service}/shadow": ["get"],
  "/v1/services/{service}/traffic": ["get"],
  "/v1/services/{service}/undo": ["post"],
  "/v1/services/{service}/versions/{version}/endpoints/{address}/state": ["put"],
  "/v1/services/{service}/versions/{version}/migration": ["post"],
  "/v1/services/{service}/versions/{version}/state": ["put"],
  "/v1/services/{service}/weights": ["patch"],
  "/v1/store/rewrite": ["post"],
  "/v1/upgrade": ["post"],
  "/v1/whoami": ["get"],
  "/v1/workers/swap": ["post"],
};

type Operation = {
  readonly summary?: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: object }>>;
  };
  readonly responses: Readonly<Record<string, { readonly content?: object }>>;
};
type Description = {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

async function describedApi(): Promise<Description> {
  await using api = await startApi();
  const response = await fetch(`${api.url}/v1/openapi.json`);
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  return (await response.json()) as Description;
}

test("openapi.json lists every route and no other", async () => {
  const { openapi, info, paths } = await describedApi();
  expect([openapi, info]).toEqual([
    "3.1.0",
    { title: "Sluice control API", version: "0.0.0-test" },
  ]);
  const listed = Object.entries(paths).map(([path, methods]) => [
    path,
    Object.keys(methods).toSorted(),
  ]);
  expect(Object.fromEntries(listed)).toEqual(ROUTES);
});

test("openapi.json describes each operation: summary, path parameters, answers", async () => {
  const { paths } = await describedApi();
  for (const [path, methods] of Object.entries(paths)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const [method, operation] of Object.entries(methods)) {
      const named = operation.parameters?.filter((each) => each.in === "path") ?? [];
      expect([method, path, named.map(({ name }) => name)]).toEqual([method, path, inPath]);
      expect(operation.summary).toMatch(/^[A-Z].*[^.]$/);
      expect(Object.keys(operation.responses).some((status) => status.startsWith("2"))).toBe(true);
    }
  }
});

test("openapi.json says what a service and what an error look like", async () => {
  const { paths } = await describedApi();
  const put = paths["/v1/services/{service}"]?.["put"];
  expect(put?.requestBody?.content["application/json"]?.schema).toMatchObject({
    type: "object",
    required: ["versions"],
    additionalProperties: false,
  });
  expect(put?.responses["422"]?.content).toMatchObject({
    "application/problem+json": { schema: { required: expect.arrayContaining(["code"]) } },
  });
});
