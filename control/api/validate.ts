import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import { readBy } from "../config/problems.ts";
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
 */
export const validateAllButBody: FastifySchemaCompiler<unknown> = (route) =>
  route.httpPart === "body"
    ? (value: unknown) => ({ value })
    : validateBySchema({ ...route, schema: route.schema as z.ZodType });
