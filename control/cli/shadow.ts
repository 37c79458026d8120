import type { Command } from "commander";
import type { ShadowAnswer } from "../api/shadow-route.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { tableText } from "./output.ts";

/** `sluice shadow NAME`: how a service's answers differ from those to copies of its requests. */
export function addShadow(program: Command, context: CliContext): void {
  program
    .command("shadow")
    .description("show how a service's answers differ from those to mirrored requests")
    .argument("<name>", "name of a service")
    .action(async (name: string, _options: object, command: Command) => {
      const path = `/v1/services/${encodeURIComponent(name)}/shadow`;
      const answer = await clientOf(command, context).get<ShadowAnswer>(path);
      print(command, context, answer, shadowText);
    });
}

function shadowText({ compared, different, samples, ...parts }: ShadowAnswer): string {
  const sums =
    `${compared} compared, ${different} different: status ${parts.status}, ` +
    `headers ${parts.headers}, body ${parts.body}`;
  if (samples.length === 0) return sums;
  const rows = samples.map(({ at, method, path, status, headers, body }) => [
    at,
    method,
    path,
    status?.join(" ≠ ") ?? "-",
    headers?.join(", ") ?? "-",
    body === undefined ? "-" : `${body.join(" ≠ ")} bytes`,
  ]);
  return `${sums}\n${tableText(["AT", "METHOD", "PATH", "STATUS", "HEADERS", "BODY"], rows)}`;
}
