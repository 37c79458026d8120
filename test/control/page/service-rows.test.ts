import { expect, test } from "vitest";
import {
  firstRows,
  isTroubled,
  openRolloutOf,
  serviceRows,
  stateOfRow,
} from "../../../control/page/service-rows.ts";
import type { RowSources, ServiceRow } from "../../../control/page/service-rows.ts";
import type { RolloutView } from "../../../control/rollout/rollout-view.ts";
import type { ServiceView } from "../../../control/views/service-view.ts";

function service(name: string, versions: object = { v1: { state: "ready" } }): ServiceView {
  return { name, versions } as ServiceView;
}

const rollout = (name: string, phase: string): RolloutView =>
  ({ service: name, phase }) as RolloutView;

const traffic = (errors: number) => ({
  rate: 1,
  errors,
  open: 0,
  tunnels: 0,
  unserved: 0,
  versions: {},
});

const SOURCES: RowSources = {
  services: ["alpha", "beta", "gamma", "delta", "omega"].map((name) => service(name)),
  problems: [
    { code: "nothing_served", service: "omega", text: "omega: all get 503" },
    { code: "store", text: "the disk is full" },
    { code: "ejected", service: "gamma", text: "gamma: v1 is out" },
  ],
  rollouts: [rollout("delta", "progressing"), rollout("alpha", "successful")],
  stats: {
    time: "2026-01-01T00:00:00Z",
    revision: 1,
    windowMs: 10_000,
    services: { beta: traffic(0.2), alpha: traffic(0.001) },
  },
};

const names = (rows: readonly ServiceRow[]): readonly string[] =>
  rows.map((row) => row.service.name);

test("serviceRows() put the worst problem first, then errors, then rollouts, then names", () => {
  expect(names(serviceRows(SOURCES, ""))).toEqual(["omega", "gamma", "beta", "delta", "alpha"]);
});

test("serviceRows() give those with the words in their names, in any case", () => {
  expect(names(serviceRows(SOURCES, " MM "))).toEqual(["gamma"]);
  expect(serviceRows(SOURCES, "nobody")).toEqual([]);
});

test("firstRows() are the most urgent of very many, and say how many are left out", () => {
  const services = Array.from({ length: 205 }, (_, at) =>
    service(`s${String(at).padStart(3, "0")}`),
  );
  const { shown, hidden } = firstRows(serviceRows({ ...SOURCES, services }, ""));
  expect([shown.length, names(shown).at(-1), hidden]).toEqual([200, "s199", 5]);
  expect(firstRows(serviceRows(SOURCES, "")).hidden).toBe(0);
});

test("stateOfRow() and isTroubled() say what is the matter, without the name", () => {
  const said = serviceRows(SOURCES, "").map((row) => [isTroubled(row), stateOfRow(row)]);
  expect(said).toEqual([
    [true, "all get 503"],
    [true, "v1 is out"],
    [true, "many requests fail"],
    [false, "ready"],
    [false, "ready"],
  ]);
  const leaving = service("web", {
    v1: { state: "drain", migration: { state: "running" } },
    v2: { state: "maint" },
  });
  const row = { service: leaving, problems: [], rollout: undefined, traffic: undefined };
  expect(stateOfRow(row)).toBe("v1 migrates");
  const aside = {
    ...row,
    service: service("web", { v1: { state: "drain" }, v2: { state: "ready" } }),
  };
  expect(stateOfRow(aside)).toBe("v1: drain");
});

test("openRolloutOf() gives the latest one, if that has not ended", () => {
  const all = [rollout("web", "aborted"), rollout("web", "progressing"), rollout("shop", "paused")];
  expect(openRolloutOf("web", all)).toBeUndefined();
  expect(openRolloutOf("shop", all)?.phase).toBe("paused");
  expect(openRolloutOf("cart", all)).toBeUndefined();
});
