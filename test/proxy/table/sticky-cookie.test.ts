import { expect, test } from "vitest";
import { StickyCookie } from "../../../proxy/table/sticky-cookie.ts";
import type { KeptPlace } from "../../../proxy/table/sticky-cookie.ts";
import { cookieAffinity } from "./service-fixture.ts";

const WEB = { name: "web", salt: "web" };
const NOW_S = 1_800_000_000;

type Kept = Omit<KeptPlace, "epoch"> & { readonly epoch?: number };

const nowhere = (): KeptPlace => ({ high: 0, low: 0, issuedS: 0, epoch: 0 });

function cookieOf(service = WEB, affinity = cookieAffinity()): StickyCookie {
  return new StickyCookie(affinity, service);
}

/** The value in the line that gives a client this place. */
function valueOf({ epoch = 0, ...place }: Kept, cookie = cookieOf()): string {
  return /=([^;]*);/.exec(cookie.line("sid", { ...place, epoch }, false))?.[1] ?? "";
}

test.each([
  [{ high: 0, low: 0, issuedS: 0 }],
  [{ high: -1, low: 1, issuedS: NOW_S }],
  [{ high: 0x7fffffff, low: -0x80000000, issuedS: 0xffffffff }],
])("StickyCookie.read() reads what line() gave a client: %j", (kept) => {
  const read = nowhere();
  expect(valueOf(kept)).toMatch(/^[0-9a-f]{32}$/);
  expect(cookieOf().read(valueOf(kept), read)).toBe(true);
  expect(read).toEqual({ ...kept, epoch: 0 });
});

test.each([1, 2, 1_000_000])(
  "StickyCookie.read() reads the epoch %i that line() wrote",
  (epoch) => {
    const kept = { high: -5, low: 6, issuedS: NOW_S, epoch };
    const read = nowhere();
    const value = valueOf(kept);
    expect(value).toMatch(/^[0-9a-f]{40}$/);
    expect(cookieOf().read(value, read)).toBe(true);
    expect(read).toEqual(kept);
    // Nobody takes it out of a value, or puts another one in, by changing digits alone.
    const [place, check] = [value.slice(0, 24), value.slice(32)];
    for (const forged of [place + check, `${place}00000000${check}`, `${place}00000007${check}`]) {
      expect(cookieOf().read(forged, read)).toBe(false);
      expect(read.epoch).toBe(0);
    }
  },
);

test("StickyCookie.read() knows none that another service, salt or program made", () => {
  const value = valueOf({ high: 1, low: 2, issuedS: NOW_S });
  const read = nowhere();
  expect(cookieOf({ name: "shop", salt: "web" }).read(value, read)).toBe(false);
  expect(cookieOf({ name: "web", salt: "x" }).read(value, read)).toBe(false);
  const others = ["", "deleted", "0".repeat(32), value.toUpperCase(), `${value}0`, value.slice(1)];
  for (const other of others) expect(cookieOf().read(other, read)).toBe(false);
});

test("StickyCookie.read() knows no value with one digit changed", () => {
  const value = valueOf({ high: 1, low: 2, issuedS: NOW_S });
  const read = nowhere();
  for (let at = 0; at < value.length; at += 1) {
    const digit = value[at] === "7" ? "8" : "7";
    expect(cookieOf().read(value.slice(0, at) + digit + value.slice(at + 1), read)).toBe(false);
  }
});

test("StickyCookie.readOwn() finds our own cookie among others", () => {
  const kept = { high: 3, low: 4, issuedS: NOW_S };
  const read = nowhere();
  const value = valueOf(kept);
  expect(cookieOf().readOwn(`sid=${value}; sluice-web=${value}`, read)).toBe(true);
  expect(read).toEqual({ ...kept, epoch: 0 });
  expect(cookieOf().readOwn(`sid=${value}; sluice-shop=${value}`, read)).toBe(false);
  expect(cookieOf().readOwn(undefined, read)).toBe(false);
});

test.each([
  [{}, "; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax"],
  [{ maxAgeS: 0 }, "; Path=/; HttpOnly; SameSite=Lax"],
  [{ secure: true, sameSite: "None" }, "; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=None"],
  [
    { path: "/a", domain: "shop.example", sameSite: "Strict", maxAgeS: 60 },
    "; Path=/a; Domain=shop.example; Max-Age=60; HttpOnly; SameSite=Strict",
  ],
] as const)("StickyCookie.line() has the attributes of %j", (attributes, text) => {
  const line = cookieOf(WEB, cookieAffinity(attributes)).line("sluice-web", nowhere(), false);
  expect(line.replace(/=[0-9a-f]{32}/, "=…")).toBe(`Set-Cookie: sluice-web=…${text}\r\n`);
});

test.each([
  [86_400, 43_200, false],
  [86_400, 43_201, true],
  [60, 31, true],
  [0, 10_000_000, false],
])("StickyCookie.isDue() of a cookie for %i s after %i s is %j", (maxAgeS, ageS, isDue) => {
  const cookie = cookieOf(WEB, cookieAffinity({ maxAgeS }));
  expect(cookie.isDue({ ...nowhere(), issuedS: NOW_S }, NOW_S + ageS)).toBe(isDue);
});
