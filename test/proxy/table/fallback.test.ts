import { expect, test } from "vitest";
import { fallback } from "../../../proxy/table/fallback.ts";
import type { State } from "../../../proxy/table/snapshot.ts";
import { serviceTable } from "./service-fixture.ts";

type Case = {
  readonly picked: string | undefined;
  readonly usable: readonly string[];
  readonly maint?: string;
  readonly taken: string | undefined;
};

const cases: readonly Case[] = [
  { picked: "v2", usable: ["v1", "v2"], taken: "v2" },
  { picked: "v2", usable: ["v1", "v3"], taken: "v1" },
  { picked: "v2", usable: ["v3"], taken: undefined },
  { picked: "v1", usable: ["v2", "v3"], taken: undefined },
  { picked: undefined, usable: ["v1", "v2"], taken: undefined },
  { picked: "v2", usable: ["v1", "v2"], maint: "v2", taken: "v1" },
  { picked: "v2", usable: ["v1", "v3"], maint: "v1", taken: undefined },
];

test.each(cases)("fallback() of $picked with $usable usable: $taken", (given) => {
  const state = (name: string): State => (name === given.maint ? "maint" : "ready");
  const names = ["v1", "v2", "v3"];
  const service = serviceTable(
    Object.fromEntries(names.map((name) => [name, { weight: 1, state: state(name) }])),
  );
  const picked = service.versions.find(({ name }) => name === given.picked);
  const taken = fallback(service, picked, ({ name }) => given.usable.includes(name));
  expect(taken?.name).toBe(given.taken);
});
