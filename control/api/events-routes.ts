import { z } from "zod";
import { EventStreams } from "./event-streams.ts";
import type { Api, ApiDeps } from "./deps.ts";
import type { WorkerTotals } from "../views/worker-totals.ts";
import { strict } from "../config/schema-parts.ts";
import { problemResponses } from "./problem.ts";
import { StatsTicker } from "./stats-ticker.ts";
import { knownTotals } from "./worker-stats.ts";
import { flag } from "./write-context.ts";

/** On unless it is switched off. */
const follow = z
  .enum(["true", "false"], { error: "true or false" })
  .default("true")
  .transform((text) => text === "true");

/** `GET /v1/events`: what happens, as it happens. */
export function eventsRoutes(api: Api, { events, clock, services, workers }: ApiDeps): void {
  const totals = (): Promise<WorkerTotals> => knownTotals(workers, clock);
  const ticker = new StatsTicker({ services, totals, clock });
  const streams = new EventStreams(events, clock, ticker);
  api.addHook("preClose", async () => streams.close());
  api.get(
    "/v1/events",
    {
      config: { role: "read" },
      // A HEAD would hold a stream open that nobody may send anything on.
      exposeHeadRoute: false,
      schema: {
        summary: "Follow events as they happen",
        description:
          "Server-sent events. `event` is the kind, `data` the event as JSON. " +
          "Last-Event-ID resumes, 0 with all that is kept. An event `gap` says that events in " +
          "between are no longer kept. `follow=false` ends after what is kept. `stats` adds an " +
          "event `stats` a second, without an id: how traffic goes.",
        headers: z.looseObject({ "last-event-id": z.string().optional() }),
        querystring: strict({ follow, stats: flag }),
        response: {
          200: {
            description: "A stream that does not end by itself",
            content: { "text/event-stream": { schema: z.string() } },
          },
          ...problemResponses(503),
        },
      },
    },
    async (request, reply) => {
      const { principal, query } = request;
      streams.open(reply.raw, {
        lastEventId: request.headers["last-event-id"],
        follow: query.follow,
        stats: query.stats,
        mayRead: () => principal.stands(),
      });
      reply.hijack();
    },
  );
}
