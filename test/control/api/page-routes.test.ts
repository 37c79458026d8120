import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newHttpServer } from "../../../control/api/http-server.ts";
import { admitCallers } from "../../../control/api/auth/admission.ts";
import { UnauthenticatedError } from "../../../control/api/auth/auth-errors.ts";
import { PageFiles } from "../../../control/api/page-files.ts";
import { pageRoutes } from "../../../control/api/page-routes.ts";
import { addRoutesOf } from "../../../control/api/routes-of-methods.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

let folder: string;
let api: RunningApi;

const PARTS = { "index.html": "<p>page</p>", "page.css": "p{}", "page.js": "go()".repeat(500) };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-page-"));
  await mkdir(join(folder, "built"));
  for (const [name, part] of Object.entries(PARTS))
    await writeFile(join(folder, "built", name), part);
  // Nobody has a token that holds.
  const access = {
    problems: [],
    identify: async () => Promise.reject(new UnauthenticatedError("missing", "none")),
  };
  api = await startApi({}, (deps) => {
    const app = newHttpServer(
      {
        places: { most: 9, crowded: 9 },
        bodyBytes: 1,
        requestTimeoutMs: 9_000,
        headersTimeoutMs: 9_000,
        keepAliveTimeoutMs: 9_000,
      },
      deps.log,
    );
    admitCallers(app, { ...deps, access });
    addRoutesOf(app, (each) => pageRoutes(each, new PageFiles(join(folder, "built"))));
    return app;
  });
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function get(path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const asked = request(`${api.url}${path}`, { headers }).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  return answer;
}

test.each([
  ["/ui/", "index.html", "text/html; charset=utf-8"],
  ["/ui/page.css", "page.css", "text/css; charset=utf-8"],
  ["/ui/page.js", "page.js", "text/javascript; charset=utf-8"],
] as const)("GET %s is for anyone, and lets nothing else in", async (path, name, type) => {
  const answer = await get(path);
  expect([answer.statusCode, await text(answer)]).toEqual([200, PARTS[name]]);
  expect(answer.headers).toMatchObject({
    "content-type": type,
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
    etag: expect.stringMatching(/^"[\w-]{22}"$/),
  });
  const policy = answer.headers["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'; script-src 'self';");
  expect(policy).not.toContain("unsafe");
});

test("GET /ui/page.js is 304 for who has it, and compressed for who asks", async () => {
  const first = await get("/ui/page.js", { "accept-encoding": "br, gzip" });
  expect(first.headers["content-encoding"]).toBe("gzip");
  const bytes = Buffer.concat(await first.toArray());
  expect(gunzipSync(bytes).toString()).toBe(PARTS["page.js"]);
  const { etag = "" } = first.headers;
  const again = await get("/ui/page.js", { "if-none-match": `"other", W/${etag}` });
  expect([again.statusCode, await text(again)]).toEqual([304, ""]);
  const other = await get("/ui/page.js", {
    "if-none-match": '"other"',
    "accept-encoding": "gzip;q=0",
  });
  expect([other.statusCode, other.headers["content-encoding"]]).toEqual([200, undefined]);
  other.resume();
});

test("GET /ui leads to /ui/, whatever stands before it", async () => {
  const answer = await get("/ui");
  answer.resume();
  expect([answer.statusCode, answer.headers.location]).toEqual([308, "ui/"]);
});

test("PageFiles say how to make the page where there is none, and find it then", async () => {
  const later = join(folder, "later");
  const files = new PageFiles(later);
  await expect(files.get("page.js")).rejects.toThrow(/npm run build/);
  await mkdir(later);
  for (const [name, part] of Object.entries(PARTS)) await writeFile(join(later, name), part);
  expect((await files.get("page.js")).plain.toString()).toBe(PARTS["page.js"]);
});
