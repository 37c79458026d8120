import type { Command } from "commander";
import type { FleetCountsAnswer } from "../api/counts-routes.ts";
import type { FleetAnswer } from "../api/fleet-routes.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { percentText, tableText } from "./output.ts";

type VersionCounts = FleetCountsAnswer["versions"][string];

type Fleet = FleetAnswer & { readonly counts: FleetCountsAnswer };

/** `sluice fleet [NAME]`: who shares the table and can be asked, and what they counted together. */
export function addFleet(program: Command, context: CliContext): void {
  program
    .command("fleet")
    .description("show the sidecars that share the table, and what they have counted together")
    .argument("[service]", "the service whose versions' counts to add up")
    .action(async (service: string | undefined, _options: object, command: Command) => {
      const client = clientOf(command, context);
      const query = service === undefined ? "" : `?${new URLSearchParams({ service }).toString()}`;
      const fleet = await client.get<FleetAnswer>("/v1/fleet");
      const counts = await client.get<FleetCountsAnswer>(`/v1/fleet/counts${query}`);
      print(command, context, { ...fleet, counts }, fleetText);
    });
}

function fleetText({ revision, sidecars, counts }: Fleet): string {
  const reasons = new Map(counts.missing.map(({ sidecar, reason }) => [sidecar, reason]));
  const rows = sidecars.map((each) => [
    each.sidecar,
    each.revision,
    each.revision < revision ? `behind ${revision}` : "",
    each.api ?? "-",
    reasons.get(each.sidecar) ?? "answers",
  ]);
  const list = tableText(["SIDECAR", "REVISION", "", "API", "COUNTS"], rows);
  const seen = `seen ${counts.seen} of ${counts.of}`;
  const versions = Object.entries(counts.versions);
  return [list, seen, ...(versions.length === 0 ? [] : [countsText(versions)])].join("\n\n");
}

function countsText(versions: readonly (readonly [string, VersionCounts])[]): string {
  const head = ["VERSION", "REQUESTS", "5XX", "P50", "P99", "RETRIES", "OPEN", "TUNNELS"];
  const rows = versions.map(([version, counts]) => {
    const requests = Object.values(counts.requests).reduce((sum, many) => sum + many, 0);
    const failed = counts.requests["5xx"] ?? 0;
    return [
      version,
      requests,
      requests === 0 ? "-" : percentText(failed / requests),
      quantileText(counts.durations, 0.5),
      quantileText(counts.durations, 0.99),
      counts.retries + counts.retriesCrossed,
      counts.exchangesOpen,
      counts.tunnelsOpen,
    ];
  });
  return tableText(head, rows);
}

/** What at least so large a part of the durations is below. */
function quantileText(durations: VersionCounts["durations"], part: number): string {
  const all = durations.reduce((sum, [, many]) => sum + many, 0);
  let left = Math.max(1, Math.ceil(all * part));
  for (const [upperMs, many] of durations) {
    left -= many;
    if (left <= 0) return `< ${Number(upperMs.toPrecision(3))} ms`;
  }
  return "-";
}
