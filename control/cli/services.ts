import type { Command } from "commander";
import type { FleetAnswer } from "../api/fleet-routes.ts";
import type { ServiceView } from "../views/service-view.ts";
import { servicePath } from "./client.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { percentText, tableText } from "./output.ts";
import { watchTraffic } from "./top.ts";

type ServicesOptions = { readonly fleet?: boolean; readonly watch?: boolean };

type Table = { readonly services: readonly ServiceView[] };

/** `sluice services [NAME]`: the table, or one service with its endpoints. */
export function addServices(program: Command, context: CliContext): void {
  program
    .command("services")
    .description("show all services, or one with its endpoints")
    .argument("[service]", "name of a service")
    .option("--fleet", "also show the sidecars that share the table, and the revision of each")
    .option("--watch", "the same as `sluice top`")
    .action(async (name: string | undefined, options: ServicesOptions, command: Command) => {
      if (options.watch === true) return watchTraffic({ find: name }, { command, context });
      const client = clientOf(command, context);
      const fleet = options.fleet === true ? await client.get<FleetAnswer>("/v1/fleet") : undefined;
      if (name === undefined) {
        const table = await client.get<Table>(servicePath());
        print(command, context, { ...table, fleet }, ({ services }) =>
          withFleet(versionsText(services), fleet),
        );
      } else {
        const service = await client.get<ServiceView>(servicePath(name));
        print(command, context, { ...service, fleet }, () =>
          withFleet(serviceText(service), fleet),
        );
      }
    });
}

function withFleet(text: string, fleet: FleetAnswer | undefined): string {
  return fleet === undefined ? text : `${text}\n\n${fleetText(fleet)}`;
}

function fleetText({ revision, sidecars }: FleetAnswer): string {
  const head = ["SIDECAR", "REVISION", "", "API"];
  const rows = sidecars.map((each) => [
    each.sidecar,
    each.revision,
    each.revision < revision ? `behind ${revision}` : "",
    each.api ?? "-",
  ]);
  return tableText(head, rows);
}

function serviceText(service: ServiceView): string {
  const text = `${versionsText([service])}\n\n${endpointsText(service)}`;
  const notes = notesOf(service);
  return notes.length === 0 ? text : `${text}\n\n${notes.join("\n")}`;
}

/** What limits and mirroring make of its requests, where they do. */
function notesOf({ name, versions, shed, shadow }: ServiceView): readonly string[] {
  const queues = Object.entries(versions)
    .filter(([, { waiting }]) => waiting > 0)
    .map(([version, { exchangesOpen, limit, waiting }]) => {
      return `${version}: ${exchangesOpen} of ${limit} requests under way, ${waiting} wait`;
    });
  return [
    ...queues,
    ...(shed > 0 ? [`shed by limits so far: ${shed}`] : []),
    ...(shadow === undefined
      ? []
      : [
          `mirrored answers: ${shadow.different} of ${shadow.compared} differ, ` +
            `see \`sluice shadow ${name}\``,
        ]),
  ];
}

function versionsText(services: readonly ServiceView[]): string {
  const rest = ["VERSION", "STATE", "WEIGHT", "SHARE", "EFFECTIVE", "OPEN", "TUNNELS"];
  // Where all are of HTTP nobody asks.
  const hasKinds = services.some(({ kind }) => kind === "tcp");
  const head = ["SERVICE", ...(hasKinds ? ["KIND"] : []), ...rest];
  const rows = services.flatMap((service) =>
    Object.entries(service.versions).map(([version, { state, exchangesOpen, tunnelsOpen }]) => [
      service.name,
      ...(hasKinds ? [service.kind] : []),
      version === service.stable ? `${version} (stable)` : version,
      state,
      service.weights[version] ?? 0,
      percentText(service.shares[version] ?? 0),
      service.effectiveWeights[version] ?? 0,
      exchangesOpen,
      tunnelsOpen,
    ]),
  );
  return tableText(head, rows);
}

function endpointsText({ versions }: ServiceView): string {
  const head = ["VERSION", "ENDPOINT", "STATE", "HEALTH", "IN FLIGHT"];
  const rows = Object.entries(versions).flatMap(([version, { endpoints }]) =>
    endpoints.map((endpoint) => [
      version,
      nameText(endpoint),
      endpoint.state,
      healthText(endpoint),
      endpoint.inFlight,
    ]),
  );
  return tableText(head, rows);
}

type EndpointView = ServiceView["versions"][string]["endpoints"][number];

/** `10.0.0.5:3000 (web.internal:3000)` for an address that a name has. */
function nameText({ address, name }: EndpointView): string {
  return name === undefined || name === address ? address : `${address} (${name})`;
}

function healthText(endpoint: EndpointView): string {
  if (!endpoint.healthy) {
    const state = endpoint.panic ? "unhealthy, used in panic" : "unhealthy";
    return endpoint.reason === undefined ? state : `${state}: ${endpoint.reason}`;
  }
  if (endpoint.ejectedBy === 0) return "healthy";
  return `ejected for ${Math.ceil(endpoint.ejectedForMs / 1000)} s`;
}
