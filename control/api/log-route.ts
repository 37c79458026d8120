import { z } from "zod";
import { LOG_LEVELS } from "../../proxy/base/log-level.ts";
import type { Api, LogControl } from "./deps.ts";

const logSchema = z.strictObject({
  level: z.enum(LOG_LEVELS).describe("Lines of this level and of graver ones are written"),
});

/** `GET /v1/log` and `PUT /v1/log`: how much the log says. */
export function logRoute(api: Api, { dial, setLevel }: LogControl): void {
  api.get(
    "/v1/log",
    {
      config: { role: "read" },
      schema: {
        summary: "Say from which level on the log is written",
        response: { 200: logSchema },
      },
    },
    async () => ({ level: dial.level }),
  );
  api.put(
    "/v1/log",
    {
      config: { role: "admin" },
      schema: {
        summary: "Set from which level on the log is written, until the next start",
        body: logSchema,
        response: { 200: logSchema },
      },
    },
    async ({ body: { level } }) => {
      await setLevel(level);
      return { level: dial.level };
    },
  );
}
