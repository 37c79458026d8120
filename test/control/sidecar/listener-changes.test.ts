import { describe, expect, test } from "vitest";
import { listenerChanges } from "../../../control/sidecar/listener-changes.ts";
import type { ListenerSnapshot } from "../../../proxy/table/snapshot.ts";

function listener(bind: string, service?: string): ListenerSnapshot {
  return {
    bind,
    service,
    trustedPeers: [],
    proxyProtocol: false,
    protocols: ["http/1.1" as const],
    connectionsMax: 10,
  };
}

describe("listenerChanges()", () => {
  test("tells new, changed and missing listeners from those that stay as they are", () => {
    const before = [listener("a:1"), listener("b:1", "web"), listener("c:1")];
    const changed = listener("b:1", "shop");
    const added = listener("d:1");
    expect(listenerChanges(before, [added, changed, listener("a:1")])).toEqual({
      opened: [
        { listener: added, isNew: true },
        { listener: changed, isNew: false },
      ],
      closed: ["c:1"],
    });
  });

  test("of equal listeners in another order finds none", () => {
    const [a, b] = [listener("a:1"), listener("b:1")];
    expect(listenerChanges([a, b], [b, a])).toEqual({ opened: [], closed: [] });
  });
});
