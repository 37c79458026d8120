import { expect, test } from "vitest";
import { mirrorSchema } from "../../../control/config/mirror-schema.ts";

test("mirrorSchema copies all that is safe, and compares nothing, unless told otherwise", () => {
  expect(mirrorSchema.parse({ to: "v2" })).toEqual({
    to: "v2",
    percent: 100,
    methods: ["GET", "HEAD", "OPTIONS"],
    compare: undefined,
  });
  expect(mirrorSchema.parse({ to: "v2", compare: { body: true, ignore: ["ETag"] } })).toMatchObject(
    {
      compare: { status: true, headers: false, body: true, ignored: ["etag"] },
    },
  );
});

test("mirrorSchema takes the mark of a rollout, which does nothing", () => {
  expect(mirrorSchema.parse({ to: "v2", rollout: "web-1" })).toEqual(
    mirrorSchema.parse({ to: "v2" }),
  );
});

test.each([[{}], [{ to: "v2", percent: 101 }], [{ to: "v2", compare: { ignore: ["a b"] } }]])(
  "mirrorSchema refuses %j",
  (document) => {
    expect(mirrorSchema.safeParse(document).success).toBe(false);
  },
);
