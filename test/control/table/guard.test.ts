import { describe, expect, test } from "vitest";
import type { Surroundings } from "../../../control/table/guard.ts";
import { putWrite, removeWrite, versionStateWrite } from "../../../control/table/service-writes.ts";
import { ANY, started } from "../../support/started-services.ts";
import type { Started } from "../../support/started-services.ts";

const web = { versions: { v1: { endpoints: ["10.0.0.1:1"] } } };
const FORCED = { ...ANY, force: true };

/** Traffic at these services, and nothing but that. */
function around(...busy: readonly string[]): Surroundings {
  return {
    traffic: async () => ({
      isBusy: (service) => busy.includes(service),
      open: { version: () => ({ exchangesOpen: 0, tunnelsOpen: 0 }) },
      workers: 1,
    }),
    listeners: () => [
      {
        bind: "[::]:80",
        service: "own",
        trustedPeers: [],
        proxyProtocol: false,
        protocols: ["http/1.1" as const],
        connectionsMax: 1,
      },
    ],
  };
}

const start = (...busy: readonly string[]): Promise<Started> =>
  started({ web, own: web }, { around: around(...busy) });

const REFUSED = {
  code: "nothing_would_serve",
  status: 409,
  problems: [{ path: "services.web" }],
};

describe("A write that leaves a service with nothing that serves", () => {
  test.each([
    ["drain", versionStateWrite("web", { version: "v1", state: "drain" }, ANY)],
    ["remove", removeWrite("web", ANY)],
    ["put", putWrite("web", { versions: { v1: { endpoints: [] } } }, ANY)],
  ])("is refused while it has traffic: %s", async (_name, write) => {
    const { services, steps } = await start("web");
    steps.length = 0;
    await expect(services.change(write)).rejects.toMatchObject(REFUSED);
    expect(steps).toEqual([]);
    const { warnings } = await services.preview(write);
    expect(warnings[0]).toMatchObject({ code: "nothing_would_serve", service: "web" });
    const forced = await services.change({ ...write, context: FORCED });
    expect([forced.after.revision, forced.warnings]).toEqual([2, warnings]);
  });

  test("says what is wrong and what would help", async () => {
    const { services } = await start("web");
    await expect(services.setVersionState("web", "v1", "drain", ANY)).rejects.toThrow(
      "Cannot write: services.web: wanted a version that is ready and has an endpoint that can " +
        "take work, found v1 in drain; make something else serve first, or force it and give a " +
        "reason",
    );
  });

  test("is done when nobody sends requests, with a warning", async () => {
    const { services } = await start();
    const { revision, warnings } = await services.setVersionState("web", "v1", "drain", ANY);
    expect([revision, warnings.map(({ code }) => code)]).toEqual([2, ["nothing_served"]]);
  });

  test("is refused even then if a listener is for the service", async () => {
    const { services } = await start();
    await expect(services.remove("own", ANY)).rejects.toMatchObject({
      problems: [{ path: "listener [::]:80", wanted: "service own", found: "none" }],
    });
  });

  test("is judged as a whole, with the listeners that come with it", async () => {
    const { services } = await start("web", "own");
    const documents = new Map([
      ["web", undefined],
      ["own", undefined],
      ["new", { ...web, hosts: ["web", "own"] }],
    ]);
    const write = { action: "reload", context: ANY, edit: () => documents };
    await expect(services.change(write)).rejects.toMatchObject({ code: "nothing_would_serve" });
    await services.change({ ...write, listeners: [] });
    expect(services.names()).toEqual(["new"]);
  });
});

test("A write that changes nothing says so", async () => {
  const { services } = await start("web");
  expect(await services.put("web", web, ANY)).toMatchObject({
    revision: 1,
    warnings: [{ code: "no_change", service: "web" }],
  });
});
