import { expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { reloadedServices, reloadWrite } from "../../../control/table/reload-write.ts";
import type { FileChange } from "../../../control/table/reload-write.ts";
import { ANY, shop, started, web } from "../../support/started-services.ts";

type Documents = Readonly<Record<string, ServiceDocument>>;

const timed = (document: ServiceDocument): ServiceDocument => ({ ...document, timeout: "9s" });
const other: ServiceDocument = { ...shop, hosts: ["other"] };

/** What a reload does to the table that the file of `before` became, and `edit` has changed. */
async function reloaded(file: Partial<FileChange>, live: Documents): Promise<unknown> {
  const whole = { before: { web, shop }, next: { web, shop }, restore: [], ...file };
  const { services } = await started(live);
  const written = await services.change(reloadWrite(whole, ANY));
  const documents = Object.fromEntries(written.after.documents);
  return { ...reloadedServices(written, whole), documents };
}

const none = { replaced: [], removed: [], absent: [], differing: [] };

test.each<[string, Partial<FileChange>, Documents, object]>([
  ["nothing", {}, { web, shop }, { ...none, documents: { web, shop } }],
  [
    "a service that the file has changed",
    { next: { web: timed(web), shop } },
    { web, shop },
    { ...none, replaced: ["web"], documents: { web: timed(web), shop } },
  ],
  [
    "a service that the file and the API have changed",
    { next: { web: timed(web), shop } },
    { web: { ...web, debug: true }, shop },
    {
      ...none,
      replaced: ["web"],
      differing: ["web"],
      documents: { web: { ...timed(web), debug: true }, shop },
    },
  ],
  [
    "a service that only the API has changed",
    {},
    { web: timed(web), shop },
    { ...none, differing: ["web"], documents: { web: timed(web), shop } },
  ],
  [
    "a service that has left the file",
    { next: { web } },
    { web, shop, other },
    { ...none, removed: ["shop"], documents: { web, other } },
  ],
  [
    "a service that has left the file and the table",
    { next: { web } },
    { web },
    { ...none, documents: { web } },
  ],
  [
    "a service that the API has removed, though the file has changed it",
    { next: { web, shop: timed(shop) } },
    { web },
    { ...none, absent: ["shop"], documents: { web } },
  ],
  [
    "a service that is asked for",
    { next: { web, shop: timed(shop) }, restore: ["shop"] },
    { web: timed(web) },
    {
      ...none,
      replaced: ["shop"],
      differing: ["web"],
      documents: { web: timed(web), shop: timed(shop) },
    },
  ],
  [
    "all services when all are asked for",
    { restore: ["*"] },
    { web: timed(web) },
    { ...none, replaced: ["web", "shop"], documents: { web, shop } },
  ],
  [
    "a service that is new in the file",
    { next: { web, shop, other } },
    { web, shop },
    { ...none, replaced: ["other"], documents: { web, shop, other } },
  ],
  [
    "a service that is new in the file, and which the API has added before",
    { next: { web, shop, other: timed(other) } },
    { web, shop, other },
    { ...none, replaced: ["other"], documents: { web, shop, other: timed(other) } },
  ],
])("reloadWrite() changes %s", async (_name, file, live, expected) => {
  expect(await reloaded(file, live)).toEqual(expected);
});

test("reloadWrite() refuses to restore what the file does not have", () => {
  const file = { before: {}, next: { web }, restore: ["web", "constructor"] };
  expect(() => reloadWrite(file, ANY)).toThrow(
    'Cannot read restore: wanted services of the configuration file, or *, found "constructor"',
  );
});
