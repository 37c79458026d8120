import { expect, test } from "vitest";
import { parseQueryAnswer } from "../../../control/registry/query-answer.ts";

const NODE = { Node: { Node: "n1", Address: "10.0.0.1" }, Service: { ID: "web", Port: 80 } };

function read(answer: unknown) {
  return parseQueryAnswer("execute query web", JSON.stringify(answer));
}

test("parseQueryAnswer() gives the instances of the query's own datacenter", () => {
  const { instances, failover } = read({ Nodes: [NODE], Datacenter: "dc1", Failovers: 0 });
  expect(instances).toMatchObject([{ address: "10.0.0.1:80", node: "n1" }]);
  expect(failover).toBeUndefined();
});

test.each([
  [{ Nodes: [NODE], Datacenter: "dc2", Failovers: 1 }, "datacenter dc2"],
  [{ Nodes: [NODE], Datacenter: "", PeerName: "east", Failovers: 2 }, "peer east"],
  [{ Nodes: [NODE], Failovers: 1 }, "datacenter unknown"],
  // Nobody has any: that is no failover, whoever was asked last.
  [{ Nodes: [], Datacenter: "dc2", Failovers: 1 }, undefined],
  [{ Nodes: null, Datacenter: "dc2", Failovers: 1 }, undefined],
])("parseQueryAnswer() of %j says where they are: %s", (answer, failover) => {
  expect(read(answer).failover).toBe(failover);
});

test.each([[[]], ["web"], [null], [{ Nodes: {} }], [{ Nodes: [{}] }]])(
  "parseQueryAnswer() refuses %j",
  (answer) => {
    expect(() => read(answer)).toThrow("Cannot execute query web: Consul's answer");
  },
);
