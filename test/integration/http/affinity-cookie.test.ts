import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KeptConnection } from "../../support/kept-connection.ts";
import { startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";
import { VersionOrigin } from "../../support/version-origin.ts";

/*
 * Goal: visitors of an application that sets the affinity cookie itself keep their sessions and
 * their version. Method: browsers that keep cookies ask a sidecar with two workers, each time on a
 * new connection, so that either worker may answer.
 */

const VISITORS = 100;
const VERSIONS = ["v1", "v2"];

/** What a browser keeps for one site. */
class Browser {
  readonly #jar = new Map<string, string>();
  readonly #sidecar: TestSidecar;
  readonly #host: string;

  constructor(sidecar: TestSidecar, host: string) {
    this.#sidecar = sidecar;
    this.#host = host;
  }

  /** The version that answered. */
  async ask(path: string): Promise<string> {
    const client = await KeptConnection.open(this.#sidecar.ports[0] as number);
    const cookies = [...this.#jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const { head, body } = await client.get(this.#host, path, `Cookie: ${cookies}\r\n`);
    client.close();
    const set = [...head.matchAll(/^set-cookie: ([^=]+)=([^;\r]*)/gim)];
    const names = set.map(([, name]) => name);
    expect(new Set(names).size, head).toBe(names.length);
    for (const [, name = "", value = ""] of set) this.#jar.set(name, value);
    return body;
  }

  /** A cookie's value. */
  cookie(name: string): string | undefined {
    return this.#jar.get(name);
  }
}

describe("a cookie that the application sets itself", () => {
  let origins: readonly VersionOrigin[];
  let sidecar: TestSidecar;
  let logins = 0;

  beforeAll(async () => {
    origins = await Promise.all(VERSIONS.map((name) => VersionOrigin.start(name)));
    for (const origin of origins) {
      origin.answer = (response, { url }) => {
        if (url === "/login") response.setHeader("Set-Cookie", `session=user-${(logins += 1)}`);
        if (url === "/public") response.setHeader("Cache-Control", "public, max-age=60");
        response.end(origin.name);
      };
    }
    const versions = Object.fromEntries(
      origins.map(({ name, address }) => [name, { weight: 1, endpoints: [address] }]),
    );
    const routes = [{ match: { path: "/canary" }, to: "v2" }];
    const services = {
      set: { versions, routes, affinity: { cookie: "session" } },
      unset: { versions, affinity: { cookie: "session", set: false } },
    };
    sidecar = await startSidecar({ workers: 2, services });
  });
  afterAll(async () => {
    await sidecar.stop();
    for (const origin of origins) origin[Symbol.dispose]();
  });

  test.each([["set"], ["unset"]])(
    "no visitor of service %s moves or loses a login",
    async (host) => {
      const seen = new Set<string>();
      for (let visitor = 0; visitor < VISITORS; visitor += 1) {
        const browser = new Browser(sidecar, host);
        const version = await browser.ask("/login");
        const session = browser.cookie("session");
        expect(session).toBe(`user-${logins}`);
        expect([await browser.ask("/"), await browser.ask("/login")]).toEqual([version, version]);
        expect(browser.cookie("session")).toBe(`user-${logins}`);
        expect(await browser.ask("/")).toBe(version);
        seen.add(version);
      }
      expect(seen).toEqual(new Set(VERSIONS));
    },
  );

  test("a visitor who has come before logging in stays, too", async () => {
    for (let visitor = 0; visitor < 20; visitor += 1) {
      const browser = new Browser(sidecar, "set");
      const version = await browser.ask("/");
      expect(browser.cookie("session")).toMatch(/^[0-9a-f]{32}$/);
      expect([await browser.ask("/login"), await browser.ask("/")]).toEqual([version, version]);
      expect(browser.cookie("session")).toBe(`user-${logins}`);
      expect(await browser.ask("/canary")).toBe("v2");
      expect(await browser.ask("/")).toBe(version);
    }
  });

  test("an answer for shared caches gets no cookie", async () => {
    const browser = new Browser(sidecar, "set");
    await browser.ask("/public");
    expect(browser.cookie("session")).toBeUndefined();
    await browser.ask("/");
    expect(browser.cookie("session")).toBeDefined();
  });
});
