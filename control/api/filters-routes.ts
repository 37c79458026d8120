import { z } from "zod";
import { filterModule, filterOptions } from "../config/filter-schema.ts";
import { strict } from "../config/schema-parts.ts";
import { filterViews, filterViewSchema } from "../views/filter-view.ts";
import type { FilterView } from "../views/filter-view.ts";
import { assertNothingHidden } from "../table/hidden-values.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";
import { askWorkers, countsMissing, reasonOf, totalsOrZeros } from "./worker-stats.ts";
import {
  entityTag,
  warningsSchema,
  writeContext,
  writeHeaders,
  writeQuery,
} from "./write-context.ts";

const editBody = strict({ module: filterModule.optional(), options: filterOptions.optional() })
  .describe("What is left out stays; an empty body only reads the module's file again")
  .nullish();

const listSchema = z.object({
  revision: z.int(),
  filters: z.array(filterViewSchema),
  countsMissing,
});

/** `GET /v1/filters` and `PUT /v1/filters/{name}`: modules that are replaced while they run. */
export function filtersRoutes(api: Api, deps: ApiDeps): void {
  const { services } = deps;
  api.get(
    "/v1/filters",
    {
      config: { role: "read" },
      schema: { summary: "List the filters of all services", response: { 200: listSchema } },
    },
    async (_request, reply) => {
      const { revision } = services;
      return reply.header("etag", entityTag(revision)).send(await listOf(deps, revision));
    },
  );
  api.put(
    "/v1/filters/:name",
    {
      config: { role: "admin" },
      schema: {
        summary: "Replace a running filter",
        description:
          "Replaces it in every service that has a filter of this name. All workers load and " +
          "check the new filter beside the old one; requests under way end with the old one. " +
          "If any worker refuses, nothing changes.",
        headers: writeHeaders,
        querystring: writeQuery,
        params: z.object({ name: z.string() }),
        body: editBody,
        response: {
          200: listSchema.extend({ warnings: warningsSchema }),
          ...problemResponses(400, 404, 409, 412, 413, 415, 422, 428, 503),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      assertNothingHidden("the body", request.body);
      const { revision, warnings } = await services.putFilter(
        name,
        request.body ?? {},
        writeContext(request),
      );
      const isNamed = (view: FilterView): boolean => view.name === name;
      const list = await listOf(deps, revision, isNamed);
      return reply.header("etag", entityTag(revision)).send({ ...list, warnings: [...warnings] });
    },
  );
}

async function listOf(
  { services, filters, workers, clock }: ApiDeps,
  revision: number,
  isMeant: (view: FilterView) => boolean = () => true,
): Promise<z.infer<typeof listSchema>> {
  const counts = await askWorkers(workers, clock);
  const snapshots = services.names().map((each) => services.snapshot(each));
  const views = filterViews(snapshots, filters, totalsOrZeros(counts)).filter(isMeant);
  return { revision, filters: views, ...reasonOf(counts) };
}
