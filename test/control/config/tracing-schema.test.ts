import { describe, expect, test } from "vitest";
import { tracingSchema } from "../../../control/config/tracing-schema.ts";

const endpoint = "http://127.0.0.1:4318";

describe("tracing", () => {
  test("needs nothing but where spans go", () => {
    expect(tracingSchema.parse({ endpoint })).toEqual({
      endpoint,
      ratio: 0.01,
      serviceName: "sluice",
    });
  });

  test.each(["https://collector.example/otlp/", "http://[::1]:4318"])("takes %s", (url) => {
    expect(tracingSchema.parse({ endpoint: url }).endpoint).toBe(url);
  });

  test.each([
    "127.0.0.1:4318",
    "grpc://127.0.0.1:4317",
    "http://user:secret@127.0.0.1",
    "http://127.0.0.1/?key=secret",
    "http://127.0.0.1/?",
    "http://127.0.0.1/#a",
    "",
  ])("refuses %j, where a secret could be or nothing could be sent", (url) => {
    const read = tracingSchema.safeParse({ endpoint: url });
    expect(read.error?.issues[0]?.message).toMatch(/without user, query or fragment/);
  });

  test.each([{}, { endpoint, ratio: 1.1 }, { endpoint, ratio: -1 }, { endpoint, serviceName: "" }])(
    "refuses %j",
    (written) => {
      expect(tracingSchema.safeParse(written).success).toBe(false);
    },
  );
});
