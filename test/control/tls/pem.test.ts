import { describe, expect, test } from "vitest";
import { certificateBlocks, keyBlocks, pemBlocks } from "../../../control/tls/pem.ts";

function block(label: string, body: string): string {
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

describe("pemBlocks()", () => {
  test("finds blocks in their order, whatever stands between them", () => {
    const text = `a comment\n${block("A", "1")}bag attributes\n${block("B C", "2")}`;
    expect(pemBlocks(text)).toEqual([
      { label: "A", text: block("A", "1") },
      { label: "B C", text: block("B C", "2") },
    ]);
  });

  test("takes the line ends of Windows, and a last line without one", () => {
    const text = block("A", "1").replaceAll("\n", "\r\n").trimEnd();
    expect(pemBlocks(text)).toEqual([{ label: "A", text: block("A", "1") }]);
  });

  test("leaves out what has no end, or another one", () => {
    expect(pemBlocks("-----BEGIN A-----\n1\n")).toEqual([]);
    expect(pemBlocks(`-----BEGIN A-----\n1\n-----END B-----\n${block("C", "2")}`)).toEqual([
      { label: "C", text: block("C", "2") },
    ]);
    expect(pemBlocks(`-----BEGIN A-----\n1\n${block("B", "2")}`)).toHaveLength(1);
  });

  test("reads a megabyte of beginnings in no time", () => {
    const text = "-----BEGIN A-----\n".repeat(60_000);
    const startedMs = performance.now();
    expect(pemBlocks(text)).toEqual([]);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});

test("certificateBlocks() and keyBlocks() tell certificates from keys of every kind", () => {
  const keys = ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];
  const text = [...keys, "CERTIFICATE", "EC PARAMETERS"].map((each) => block(each, "1")).join("");
  expect(certificateBlocks(text)).toEqual([block("CERTIFICATE", "1")]);
  expect(keyBlocks(text).map(({ label }) => label)).toEqual(keys);
});
