import { describe, expect, test } from "vitest";
import {
  factsOfRoots,
  identitySource,
  rootsSource,
} from "../../../control/tls/load-certificate.ts";
import { createAuthority } from "../../support/authority.ts";
import { certificateFolder } from "./certificate-folder.ts";

const authority = createAuthority("root");
const shop = authority.issue({ subject: "shop", names: ["DNS:shop.example"] });
const FILES = { cert: "./shop.pem", key: "shop.key", names: undefined };

describe("identitySource()", () => {
  test("reads a pair; without names it stands for those in the leaf", async () => {
    const folder = await certificateFolder();
    await folder.put("shop", shop);
    const source = identitySource(folder.path, FILES);
    expect(source.id).toBe("file:shop.pem");
    expect(source.paths).toEqual([folder.at("shop.pem"), folder.at("shop.key")]);
    const { material, facts } = await source.load();
    expect(material).toEqual({ id: source.id, ...shop, names: ["shop.example"] });
    expect(facts.subject).toBe("CN=shop");
  });

  test("stands for the names that it is given", async () => {
    const folder = await certificateFolder();
    await folder.put("shop", shop);
    const { load } = identitySource(folder.path, { ...FILES, names: ["*.shop.example"] });
    expect((await load()).material.names).toEqual(["*.shop.example"]);
  });

  test("has another recipe with another key or other names", () => {
    const recipe = (files: Partial<typeof FILES>): string =>
      identitySource("/etc", { ...FILES, ...files }).recipe;
    expect(recipe({})).toBe(recipe({ cert: "shop.pem" }));
    expect(recipe({})).toBe(recipe({ key: "/etc/shop.key" }));
    expect(recipe({ key: "b.key" })).not.toBe(recipe({}));
    expect(identitySource("/etc", { ...FILES, names: [] }).recipe).not.toBe(recipe({}));
  });
});

test("rootsSource() reads roots", async () => {
  const folder = await certificateFolder();
  await folder.write("ca.pem", authority.pem);
  const { id, load } = rootsSource(folder.path, "ca.pem");
  const { material, facts } = await load();
  expect([id, material, facts.subject]).toEqual([
    "ca:ca.pem",
    { id: "ca:ca.pem", pem: authority.pem },
    "CN=root",
  ]);
});

test("factsOfRoots() are those of the root that lasts longest", () => {
  const facts = { subject: "", issuer: "", notBeforeMs: 0, fingerprint: "" };
  const roots = [3, 9, 5].map((notAfterMs) => ({ ...facts, notAfterMs }));
  expect(factsOfRoots(roots).notAfterMs).toBe(9);
});
