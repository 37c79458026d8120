import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import { obstaclesIn, readBy } from "../config/problems.ts";
import { ValidationError } from "../base/errors.ts";

/** How an error calls the parts of a request. */
const SUBJECTS: Readonly<Record<string, string>> = {
  body: "the body",
  params: "the path",
  querystring: "the query",
  headers: "the header",
};

/** Reads parts of requests by a route's zod schemas. What they refuse becomes a ValidationError. */
export const validateBySchema: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const subject = SUBJECTS[httpPart ?? ""] ?? "the request";
  return (data: unknown) => {
    const result = readBy(schema, data);
    if (result.kind === "read") return { value: result.value };
    return { error: new ValidationError(subject, result.problems) };
  };
};

/**
 * Like validateBySchema, but passes the body on as it was sent: its schema is only documentation.
 * What is too large or too deep to be one is refused at once.
 */
export const validateAllButBody: FastifySchemaCompiler<unknown> = (route) =>
  route.httpPart === "body"
    ? unlessObstructed
    : validateBySchema({ ...route, schema: route.schema as z.ZodType });

function unlessObstructed(
  value: unknown,
): { readonly value: unknown } | { readonly error: ValidationError } {
  const obstacles = obstaclesIn(value);
  return obstacles.length === 0 ? { value } : { error: new ValidationError("the body", obstacles) };
}
