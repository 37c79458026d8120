import { describe, expect, test } from "vitest";
import { runProgram } from "./support/foreign-process.ts";
import { startGunicorn } from "./support/origins.ts";
import { isMissing, ownProgram, program } from "./support/programs.ts";
import { sidecarFor } from "./support/sidecar-for.ts";

/*
 * Goal: an application's sessions work where the affinity cookie is the session's own. Method:
 * Flask with its signed cookie in two versions, visited by requests.Session, which keeps cookies.
 */

const VISITORS = 100;
const ENDED_MS = 120_000;

describe("Sessions of Flask, with affinity by their own cookie", () => {
  test.for([[true], [false]])(
    "no visitor moves or is logged out (set: %j)",
    { timeout: 2 * ENDED_MS },
    async ([set], context) => {
      context.skip(isMissing("gunicorn", "python"), "no gunicorn or python");
      const threads = ["--threads", "4"];
      await using v1 = await startGunicorn("flask_app:app", threads, { VERSION: "v1" });
      await using v2 = await startGunicorn("flask_app:app", threads, { VERSION: "v2" });
      const { url } = await sidecarFor([], {
        versions: {
          v1: { weight: 1, endpoints: [v1.address] },
          v2: { weight: 1, endpoints: [v2.address] },
        },
        affinity: { cookie: "session", set },
      });
      const args = [ownProgram("sessions.py"), String(VISITORS), url];
      const { out } = await runProgram(program("python"), args, { timeoutMs: ENDED_MS });
      const lines = out.trim().split("\n");
      const versions = lines.map((line) => line.slice(0, 2));
      expect(lines).toEqual(
        versions.map((version, at) =>
          ["nobody", ...Array<string>(3).fill(`ada${at}`)]
            .map((user) => `${version} ${user}`)
            .join(" | "),
        ),
      );
      expect(lines).toHaveLength(VISITORS);
      expect(new Set(versions)).toEqual(new Set(["v1", "v2"]));
    },
  );
});
