import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Api } from "./deps.ts";
import type { PageFileName, PageFiles } from "./page-files.ts";
import { problemResponses } from "./problem.ts";

/** Nothing but the page's own script and style, and nobody's frame (CSP Level 3). */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  // Asked for each time, by its tag: after an upgrade nobody works with an older page.
  "cache-control": "no-cache",
  vary: "accept-encoding",
};

/** `GET /ui/`: the page for people, which calls the API as whoever uses it. It needs no token. */
export function pageRoutes(api: Api, files: Pick<PageFiles, "get">): void {
  api.get("/ui", { config: { role: "anyone" }, schema: { hide: true } }, async (_request, reply) =>
    reply.headers(HEADERS).redirect("ui/", 308),
  );
  pageRoute(api, files, "/ui/", "index.html");
  for (const name of ["page.css", "page.js"] as const) pageRoute(api, files, `/ui/${name}`, name);
}

function pageRoute(
  api: Api,
  files: Pick<PageFiles, "get">,
  path: string,
  name: PageFileName,
): void {
  api.get(
    path,
    {
      config: { role: "anyone" },
      schema: {
        summary: "The page for people, or a part of it",
        response: { 200: CONTENT, 304: CONTENT, ...problemResponses(503) },
        // The page is one call to who reads about calls; its parts are its own affair.
        hide: name !== "index.html",
      },
    },
    async (request, reply) => send(request, reply, await files.get(name)),
  );
}

const CONTENT = {
  description: "HTML, CSS or JavaScript",
  content: { "text/html": { schema: z.string() } },
};

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, tag, plain, gzipped }: Awaited<ReturnType<PageFiles["get"]>>,
): FastifyReply {
  reply.headers({ ...HEADERS, etag: tag });
  if (isKnown(request.headers["if-none-match"], tag)) return reply.code(304).send();
  const takesGzip = /\bgzip\b(?!\s*;\s*q=0(?:\.0+)?\s*(?:,|$))/.test(
    request.headers["accept-encoding"] ?? "",
  );
  if (takesGzip) reply.header("content-encoding", "gzip");
  return reply.type(type).send(takesGzip ? gzipped : plain);
}

/** Whether a client has this already (RFC 9110 section 13.1.2, which compares weakly). */
function isKnown(field: string | undefined, tag: string): boolean {
  const tags = (field ?? "").split(",").map((each) => each.trim().replace(/^W\//, ""));
  return tags.includes(tag) || tags.includes("*");
}
