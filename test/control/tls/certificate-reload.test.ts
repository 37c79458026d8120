import { expect, test } from "vitest";
import { reloadOf } from "../../../control/tls/certificate-reload.ts";
import type { FileNews } from "../../../control/tls/file-certificates.ts";

const news = (result: FileNews["result"], id: string, problem?: string): FileNews => {
  return { result, held: { source: { id }, problem } as FileNews["held"] };
};

test("reloadOf() names what was replaced, and why what was not", () => {
  const all = [
    news("replaced", "file:a.pem"),
    news("refused", "file:b.pem", "wanted one private key in PEM, found none"),
    news("replaced", "file:c.pem"),
  ];
  expect(reloadOf(all)).toEqual({
    replaced: ["file:a.pem", "file:c.pem"],
    refused: [{ certificate: "file:b.pem", reason: "wanted one private key in PEM, found none" }],
  });
  expect(reloadOf([])).toEqual({ replaced: [], refused: [] });
});
