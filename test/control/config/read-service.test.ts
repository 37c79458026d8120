import { describe, expect, test } from "vitest";
import { ValidationError } from "../../../control/base/errors.ts";
import { DocumentRules } from "../../../control/config/document-rules.ts";
import { readConfig } from "../../../control/config/load.ts";
import { readService } from "../../../control/config/read-service.ts";
import type { Environment } from "../../../control/config/environment.ts";

function rulesOf(environment: Environment): DocumentRules {
  const text = JSON.stringify({ listeners: [{ bind: "127.0.0.1:8080" }] });
  return new DocumentRules(readConfig(text, { file: "test", environment }), environment);
}

function refusal(document: unknown, environment: Environment = {}): string {
  try {
    readService("web", document, rulesOf(environment));
    return "none";
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return error.message;
  }
}

describe("readService()", () => {
  test("puts variables in, with the type that their key wants", () => {
    const versions = { v1: { weight: "${W}", endpoints: ["${HOST:-10.0.0.1}:80"] } };
    const service = readService("web", { timeout: "${T}", versions }, rulesOf({ W: "7", T: "5s" }));
    expect(service.versions).toMatchObject([
      { weight: 7, source: { endpoints: [{ address: "10.0.0.1:80" }] } },
    ]);
    expect(service.policy.timeoutMs).toBe(5_000);
  });

  test("says which variable is missing, and shows no value of another", () => {
    const versions = { v1: { endpoints: ["${HOST}"] } };
    expect(refusal({ versions })).toContain("wanted the environment variable HOST, or a default");
    const wrong = refusal({ versions, timeout: "${SECRET}" }, { HOST: "a:1", SECRET: "hush" });
    expect(wrong).toContain("timeout: wanted a duration");
    expect(wrong).toContain('found "${SECRET}"');
    expect(wrong).not.toContain("hush");
  });

  test("refuses a name that is none, a document that is none, and the sidecar as endpoint", () => {
    expect(() => readService("-", {})).toThrow("Cannot read service name: wanted");
    expect(refusal({ versions: { v1: { weight: -1 } } })).toContain("versions.v1.weight: wanted");
    expect(refusal({ versions: { v1: { endpoints: ["127.0.0.1:8080"] } } })).toContain(
      "where this sidecar itself answers",
    );
  });
});
