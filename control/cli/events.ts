import type { Command } from "commander";
import { pause, systemClock } from "../../proxy/base/clock.ts";
import type { ApiClient } from "./client.ts";
import { clientOf } from "./commands.ts";
import type { CliContext, GlobalOptions } from "./commands.ts";

/** How long to wait before a stream that has ended, as in an upgrade, is opened again. */
const AGAIN_MS = 500;

/** An event as the API tells it. */
type Told = { readonly [field: string]: unknown };

/** `sluice events [-f]`: what has happened, and what happens. */
export function addEvents(program: Command, context: CliContext): void {
  program
    .command("events")
    .description("show the events that are kept, or those that come")
    .option("-f, --follow", "show each event from now on, until Ctrl-C")
    .action(async (options: { readonly follow?: boolean }, command: Command) => {
      const client = clientOf(command, context);
      const { json = false } = command.optsWithGlobals<GlobalOptions>();
      const show = (event: Told): void =>
        context.output.out(json ? JSON.stringify(event) : eventText(event));
      if (options.follow === true) await follow(client, context.output.ended, show);
      else await read(client, { path: "/v1/events?follow=false", lastEventId: "0" }, show);
    });
}

/** Ends when nobody reads the output any more. @throws CliError once nobody listens there */
async function follow(
  client: ApiClient,
  ended = new AbortController().signal,
  show: (event: Told) => void,
): Promise<void> {
  let lastEventId: string | undefined;
  while (!ended.aborted) {
    try {
      const stream = { path: "/v1/events", lastEventId, endsBy: ended };
      lastEventId = await read(client, stream, show);
    } catch (error) {
      if (!ended.aborted) throw error;
    }
    await pause(systemClock, AGAIN_MS, ended);
  }
}

type Stream = {
  readonly path: string;
  readonly lastEventId: string | undefined;
  readonly endsBy?: AbortSignal;
};

/** Reads a stream of server-sent events to its end. Returns the last id. */
async function read(
  client: ApiClient,
  { path, ...options }: Stream,
  show: (event: Told) => void,
): Promise<string | undefined> {
  let { lastEventId } = options;
  let kind = "";
  for await (const line of client.lines(path, options)) {
    const [, field = "", value = ""] = /^(id|event|data): (.*)$/.exec(line) ?? [];
    if (field === "id") lastEventId = value;
    else if (field === "event") kind = value;
    // Of a gap the data says nothing of its kind.
    else if (field === "data") show({ kind, ...(JSON.parse(value) as Told) });
  }
  return lastEventId;
}

/** `TIME KIND SERVICE field=value …` on one line. */
function eventText({ time = "-", kind, service, services, id: _id, ...fields }: Told): string {
  const about = service ?? (Array.isArray(services) ? services.join(",") : services);
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [time, kind, ...(about === undefined ? [] : [shown(about)]), ...rest].join(" ");
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
