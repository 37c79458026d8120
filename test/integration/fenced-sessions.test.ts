import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: after a forced shift and the way back, a visitor that v2 has written for never reaches v1,
 * which does not read that; others do. Method: a whole sidecar, and clients that keep their cookie.
 */

const OLD = { reads: [1], writes: 1 };
const NEW = { reads: [1, 2], writes: 2 };
const WHY = { "x-sluice-reason": "a test" };

async function startShop(): Promise<TestSidecar> {
  const [v1, v2] = [await VersionOrigin.start("v1"), await VersionOrigin.start("v2")];
  onTestFinished(() => [v1, v2].forEach((origin) => origin[Symbol.dispose]()));
  const versions = {
    v1: { weight: 100, endpoints: [v1.address], compat: OLD },
    v2: { weight: 0, endpoints: [v2.address], compat: NEW },
  };
  const web = { hosts: ["127.0.0.1"], affinity: { cookie: "sid" }, versions };
  const sidecar = await startSidecar({ workers: 2, services: { web } });
  onTestFinished(() => sidecar.stop());
  return sidecar;
}

/** A visitor with a browser. */
class Visitor {
  readonly #url: string;
  #cookie = "";

  constructor({ ports: [port = 0] }: TestSidecar) {
    this.#url = `http://127.0.0.1:${port}/`;
  }

  /** Who answers, or else the status and what it is for. */
  async visit(): Promise<string> {
    const cookie = this.#cookie;
    const answer = await fetch(this.#url, { headers: cookie === "" ? {} : { cookie } });
    const [set] = answer.headers.getSetCookie();
    this.#cookie = set?.split(";")[0] ?? cookie;
    const text = await answer.text();
    return answer.ok ? text : `${answer.status} ${answer.headers.get("proxy-status")}`;
  }
}

async function shift({ call }: TestSidecar, v1: number, v2: number): Promise<void> {
  const path = "/v1/services/web/weights?force=true";
  expect((await call("PATCH", path, { v1, v2 }, WHY)).status).toBe(200);
}

test("A visitor that v2 has written for stays there when all weight goes back to v1", async () => {
  const sidecar = await startShop();
  const early = new Visitor(sidecar);
  expect(await early.visit()).toBe("v1");
  await shift(sidecar, 0, 100);
  const touched = new Visitor(sidecar);
  expect([await early.visit(), await touched.visit()]).toEqual(["v2", "v2"]);
  const refused = await sidecar.call("PATCH", "/v1/services/web/weights", {
    v1: 100,
    v2: 0,
  });
  expect(await refused.json()).toMatchObject({ status: 409, code: "incompatible" });
  await shift(sidecar, 100, 0);
  for (let visits = 0; visits < 5; visits += 1) {
    expect([await early.visit(), await touched.visit()]).toEqual(["v2", "v2"]);
    expect(await new Visitor(sidecar).visit()).toBe("v1");
  }
  const state = "/v1/services/web/versions/v2/state";
  expect((await sidecar.call("PUT", state, { state: "maint" })).status).toBe(200);
  expect(await touched.visit()).toBe("503 sluice; error=destination_not_found");
  expect(await new Visitor(sidecar).visit()).toBe("v1");
  const metrics = await (await fetch(`${sidecar.api}/metrics`)).text();
  expect(metrics).toContain(
    'sluice_local_replies_total{service="web",error="destination_not_found"} 1\n',
  );
  const line = { event: "session.unreadable", service: "web", format: 2 };
  await eventually(() => expect(sidecar.log).toContainEqual(expect.objectContaining(line)));
});
