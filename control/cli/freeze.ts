import type { Command } from "commander";
import { systemClock } from "../../proxy/base/clock.ts";
import type { FreezeList } from "../api/freeze-routes.ts";
import { parseDurationMs } from "../config/units.ts";
import { usageError } from "./cli-error.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { tableText } from "./output.ts";
import { reasonOption, withReason } from "./write-options.ts";
import type { ReasonOptions } from "./write-options.ts";

const PATH = "/v1/freezes";

type Frozen = FreezeList["freezes"][number];

/** `sluice freeze [web] --until 2h`, `sluice thaw [web]`: times in which weights stay. */
export function addFreeze(program: Command, context: CliContext): void {
  const freeze = program
    .command("freeze")
    .description("keep weights as they are until a time; without --until, list such times")
    .argument("[service]", "name of a service; without one, all services")
    .option("--until <time>", "2026-12-24T18:00:00Z, or for how long: 2h");
  type Options = ReasonOptions & { readonly until?: string };
  withReason(freeze).action(
    async (service: string | undefined, options: Options, command: Command) => {
      const client = clientOf(command, context);
      if (options.until === undefined) {
        print(command, context, await client.get<FreezeList>(PATH), listText);
        return;
      }
      const body = { service, until: readTime(options.until) };
      const reason = reasonOption(options);
      if (reason === undefined) {
        throw usageError("Cannot freeze: wanted --reason TEXT beside --until, found none");
      }
      const send = { body, reason };
      const answer = await client.send<Frozen>("POST", PATH, send);
      print(command, context, answer, ({ until }) => `${whatOf(service)} is frozen until ${until}`);
    },
  );
  const thaw = program
    .command("thaw")
    .description("end a freeze")
    .argument("[service]", "name of a service; without one, the freeze of all services");
  withReason(thaw).action(
    async (service: string | undefined, options: ReasonOptions, command: Command) => {
      const query = service === undefined ? "" : `?service=${encodeURIComponent(service)}`;
      const send = { reason: reasonOption(options) };
      const client = clientOf(command, context);
      const answer = await client.send<FreezeList>("DELETE", `${PATH}${query}`, send);
      print(command, context, answer, () => `${whatOf(service)} is not frozen any more`);
    },
  );
}

function whatOf(service: string | undefined): string {
  return service ?? "Everything";
}

function readTime(text: string): string {
  const forMs = parseDurationMs(text);
  const atMs = forMs === undefined ? Date.parse(text) : systemClock.wallMs() + forMs;
  if (Number.isFinite(atMs)) return new Date(atMs).toISOString();
  const wanted = "a time such as 2026-12-24T18:00:00Z or a duration such as 2h";
  throw usageError(`Cannot read --until: wanted ${wanted}, found ${JSON.stringify(text)}`);
}

function listText({ freezes }: FreezeList): string {
  const rows = freezes.map(({ service, until, actor, reason }) => {
    return [service ?? "(all)", until, actor, reason ?? ""];
  });
  return tableText(["SERVICE", "UNTIL", "BY", "REASON"], rows);
}
