import { describe, expect, test } from "vitest";
import { SharedMaterial } from "../../../control/tls/shared-material.ts";
import type { MaterialPart } from "../../../control/tls/shared-material.ts";
import { NO_TLS_MATERIAL } from "../../../proxy/table/tls.ts";
import type { TlsMaterial } from "../../../proxy/table/tls.ts";

function identities(...ids: readonly string[]): MaterialPart {
  return { identities: ids.map((id) => ({ id, certPem: "", keyPem: "", names: [] })), trusts: [] };
}

function trusts(...ids: readonly string[]): MaterialPart {
  return { identities: [], trusts: ids.map((id) => ({ id, pem: "" })) };
}

/** What was told: ids and ticket keys. `refuse`: what workers do not take. */
function bed(refuse: (material: TlsMaterial) => boolean = () => false) {
  const told: string[] = [];
  const shared = new SharedMaterial(async (material) => {
    told.push(idsIn(material));
    if (refuse(material)) throw new Error("a worker refuses");
  });
  return { shared, told };
}

function idsIn({ identities: all, trusts: roots, ticketKeys }: TlsMaterial): string {
  return [...all.map(({ id }) => id), ...roots.map(({ id }) => id), ...ticketKeys].join(" ");
}

describe("SharedMaterial", () => {
  test("tells everything of all sources, and nothing twice", async () => {
    const { shared, told } = bed();
    await shared.set("files", identities("a"));
    await shared.set("connect", trusts("roots"));
    await shared.set("files", identities("a"));
    await shared.set("files", identities("b"));
    expect(told).toEqual(["a", "a roots", "b roots"]);
    expect(idsIn(shared.current)).toBe("b roots");
  });

  test("tells ticket keys with certificates, never without", async () => {
    const { shared, told } = bed();
    await shared.setTicketKeys(["key"]);
    expect([told, shared.current]).toEqual([[], NO_TLS_MATERIAL]);
    await shared.set("files", identities("a"));
    await shared.setTicketKeys(["next", "key"]);
    await shared.set("files", identities());
    expect(told).toEqual(["a key", "a next key", ""]);
    expect(shared.current).toBe(NO_TLS_MATERIAL);
  });

  test("goes back to what workers had when one refuses, and can be set again", async () => {
    let isRefusing = true;
    const isBad = (material: TlsMaterial): boolean =>
      isRefusing && material.identities.some(({ id }) => id === "bad");
    const { shared, told } = bed(isBad);
    await shared.set("files", identities("good"));
    await expect(shared.set("files", identities("bad"))).rejects.toThrow("a worker refuses");
    expect(told).toEqual(["good", "bad", "good"]);
    expect(idsIn(shared.current)).toBe("good");
    await shared.set("connect", trusts("roots"));
    expect(told.at(-1)).toBe("good roots");
    isRefusing = false;
    await shared.set("files", identities("bad"));
    expect(told.at(-1)).toBe("bad roots");
  });

  test("tells one change after the other, however many come at once", async () => {
    let under = 0;
    const shared = new SharedMaterial(async () => {
      under += 1;
      expect(under).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      under -= 1;
    });
    const all = ["a", "b", "c"].map((id) => shared.set(id, identities(id)));
    await Promise.all(all);
    expect(idsIn(shared.current)).toBe("a b c");
  });
});
