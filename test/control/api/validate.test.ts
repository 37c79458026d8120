import { expect, test } from "vitest";
import { z } from "zod";
import { validateAllButBody, validateBySchema } from "../../../control/api/validate.ts";
import { strict } from "../../../control/config/schema-parts.ts";
import type { ValidationError } from "../../../control/base/errors.ts";

const schema = strict({ limit: z.string().transform(Number) });
const where = { schema, method: "GET", url: "/" };

test("validateBySchema() gives what the schema makes of the data", () => {
  const read = validateBySchema({ ...where, httpPart: "querystring" });
  expect(read({ limit: "12" })).toEqual({ value: { limit: 12 } });
});

test.each([
  ["body", "the body"],
  ["params", "the path"],
  ["querystring", "the query"],
  ["headers", "the header"],
  [undefined, "the request"],
])("validateBySchema() says in which part of a request the error is: %s, %s", (httpPart, named) => {
  const place = httpPart === undefined ? where : { ...where, httpPart };
  const result = validateBySchema(place)({ limit: "1", since: "2" });
  const { error } = result as { readonly error: ValidationError };
  expect(error.message).toBe(
    `Cannot read ${named}: since: wanted one of the keys limit, found an unknown key`,
  );
  expect(error.problems.map(({ path }) => path)).toEqual(["since"]);
});

test("validateAllButBody() hands a body on as it was sent, and reads the rest", () => {
  const body = { anything: ["goes"] };
  expect(validateAllButBody({ ...where, httpPart: "body" })(body)).toEqual({ value: body });
  expect(validateAllButBody({ ...where, httpPart: "params" })(body)).toHaveProperty("error");
});

test("validateAllButBody() refuses a body that nobody should walk through", () => {
  const deep: unknown = JSON.parse(`${"[".repeat(50_000)}${"]".repeat(50_000)}`);
  const { error } = validateAllButBody({ ...where, httpPart: "body" })(deep) as { error: Error };
  expect(error.message).toContain("Cannot read the body: ");
  expect(error.message).toContain("wanted at most 16 levels");
});
