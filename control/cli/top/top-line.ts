import { portionText, durationText, rateText } from "./figures.ts";
import type { Look } from "./look.ts";
import { topRows } from "./top-rows.ts";
import type { ServiceView } from "../../views/service-view.ts";

/** Services of one line; more are counted. The busiest come first. */
const SERVICES_MAX = 4;

/** A look as one line, for logs and for terminals that cannot be drawn on. */
export function topLine(look: Look, find: string): string {
  const { stats, lost, problems } = look;
  const time = stats?.time.slice(11, 19) ?? "--:--:--";
  if (lost !== undefined) return `${time} ${lost}`;
  const names = [...new Set(topRows(look, "rate", find).map(({ service }) => service))];
  const services = names.slice(0, SERVICES_MAX).flatMap((name) => {
    const service = look.services.find((each) => each.name === name);
    return service === undefined ? [] : serviceText(service, look);
  });
  const more = names.length - services.length;
  return [
    `${time} revision ${look.revision}`,
    ...services,
    ...(more > 0 ? [`and ${more} more`] : []),
    ...problems.slice(0, 1).map((text) => `problem: ${text}`),
  ].join("; ");
}

function serviceText(service: ServiceView, { stats }: Look): string {
  const all = stats?.services ?? {};
  const traffic = Object.hasOwn(all, service.name) ? all[service.name] : undefined;
  const sum = Object.values(service.effectiveWeights).reduce((sums, weight) => sums + weight, 0);
  const versions = Object.entries(service.effectiveWeights).map(([version, weight]) => {
    const own = traffic?.versions[version];
    const share = portionText(sum === 0 ? 0 : weight / sum);
    return `${version} ${share} ${rateText(own?.rate ?? 0)}/s`;
  });
  const { rate = 0, errors = 0, p99Ms } = traffic ?? {};
  const flow = `${rateText(rate)}/s errors ${portionText(errors)} p99 ${durationText(p99Ms)}`;
  return `${service.name} ${flow} (${versions.join(", ")})`;
}
