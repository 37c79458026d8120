import { pickByKey } from "../../../proxy/table/rendezvous.ts";
import { serviceTable, weighted } from "./service-fixture.ts";

/** The picks of `count` keys of every kind, for one test to compare across processes. */
export function picksOfKeys(count: number): string {
  const service = serviceTable(weighted([70, 20, 9, 1]), { salt: "sält" });
  const keys = Array.from({ length: count }, (_, at) => `${"é".repeat(at % 3)}user-${at * 7919}`);
  return keys.map((key) => pickByKey(service, key)?.name).join(" ");
}

if (process.argv[1] === import.meta.filename) process.stdout.write(picksOfKeys(5_000));
