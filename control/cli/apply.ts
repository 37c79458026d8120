import type { Command } from "commander";
import type { Plan } from "../api/plan.ts";
import type { WriteAnswer } from "../table/service-writes.ts";
import { CliError, configRefusal, usageError } from "./cli-error.ts";
import { servicePath } from "./client.ts";
import type { ApiClient, SendOptions } from "./client.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { withWarnings } from "./output.ts";
import { planText } from "./plan-text.ts";
import { withWriteOptions, writeOptionsFrom } from "./write-options.ts";
import type { WriteOptions } from "./write-options.ts";

type Documents = Readonly<Record<string, unknown>>;

/** One service that is as in the file. */
type Applied = WriteAnswer & { readonly service: string };

/** Errors after which the service that they are about may have been written nevertheless. */
const UNCERTAIN = /^(unreachable|bad_answer|not_in_force|internal|http_5\d\d|store_.+|consul_.+)$/;

/** What follows where the way back is not to go. */
const NOTHING_WRITTEN = "; nothing was written";

/** `sluice apply FILE [SERVICE…]`: puts documents of a file into the table. */
export function addApply(program: Command, context: CliContext): void {
  const apply = program
    .command("apply")
    .description("create or replace services as a file has them")
    .argument("<file>", "services by name, or a configuration file; /dev/stdin for a pipe")
    .argument("[service...]", "only these services of the file")
    .option("--plan", "only say what it would do");
  withWriteOptions(apply).action(
    async (
      file: string,
      names: readonly string[],
      options: WriteOptions & { readonly plan?: boolean },
      command: Command,
    ) => {
      // Loaded only here: the other commands start sooner without it.
      const { readServices } = await import("../config/load.ts");
      const documents = chosen(file, await readServices(file).catch(configRefusal), names);
      const client = clientOf(command, context);
      const write = await writeOptionsFrom(client, servicePath(), options);
      // Nothing is written before all of them could be: they are written one by one.
      const plans = await planAll(client, file, documents, options);
      if (options.plan === true) {
        print(command, context, { plans }, () => plansText(plans));
        return;
      }
      if (write.force !== true) refuseOutages(file, plans);
      const applied = await writeAll(client, file, documents, write);
      print(command, context, { applied }, () => applied.map(appliedText).join("\n"));
    },
  );
}

function chosen(file: string, documents: Documents, names: readonly string[]): Documents {
  const missing = names.filter((name) => !Object.hasOwn(documents, name));
  const known = Object.keys(documents);
  if (missing.length === 0 && known.length > 0) {
    return Object.fromEntries(
      (names.length > 0 ? names : known).map((name) => [name, documents[name]]),
    );
  }
  const wanted = missing.length > 0 ? missing.join(", ") : "services";
  const found = known.length > 0 ? known.join(", ") : "none";
  throw usageError(`Cannot apply ${file}: wanted ${wanted} in it, found ${found}`);
}

async function planAll(
  client: ApiClient,
  file: string,
  documents: Documents,
  { takeOver }: Pick<WriteOptions, "takeOver">,
): Promise<Record<string, Plan>> {
  const plans: [string, Plan][] = [];
  for (const [service, body] of Object.entries(documents)) {
    const plan = client.send<Plan>("POST", servicePath(service, "plan"), { body, takeOver });
    plans.push([service, await plan.catch(refusalOf(service, file, NOTHING_WRITTEN))]);
  }
  return Object.fromEntries(plans);
}

/** A write would be refused for it, and those before it would be in force already. */
function refuseOutages(file: string, plans: Readonly<Record<string, Plan>>): void {
  for (const [service, { warnings }] of Object.entries(plans)) {
    const outages = warnings.filter(({ code }) => code === "nothing_would_serve");
    const [first] = outages;
    if (first === undefined) continue;
    const texts = outages.map(({ text }) => text).join("; ");
    const message = `Cannot write: ${texts}; --force with --reason does it anyway`;
    refusalOf(service, file, NOTHING_WRITTEN)(new CliError(first.code, message));
  }
}

async function writeAll(
  client: ApiClient,
  file: string,
  documents: Documents,
  first: SendOptions,
): Promise<readonly Applied[]> {
  const applied: Applied[] = [];
  let write = first;
  for (const [service, body] of Object.entries(documents)) {
    const answer = await client
      .send<WriteAnswer>("PUT", servicePath(service), { ...write, body })
      .catch((error: unknown) => {
        const rest = halfwayText(service, error, applied, first.ifRevision ?? 0);
        return refusalOf(service, file, rest)(error);
      });
    applied.push({ service, ...answer });
    write = { ...first, ifRevision: answer.revision };
  }
  return applied;
}

/** What has been written when a write failed, and the way back to `revision`. */
function halfwayText(
  service: string,
  error: unknown,
  applied: readonly Applied[],
  revision: number,
): string {
  // Who was like that already has the revision of whoever was written before.
  const written = applied.filter((each, index) => {
    return each.revision > (applied[index - 1]?.revision ?? revision);
  });
  const isUncertain = error instanceof CliError && UNCERTAIN.test(error.code);
  const own = isUncertain ? `; \`sluice audit\` shows whether ${service} was written` : "";
  if (written.length === 0) return own === "" ? NOTHING_WRITTEN : own;
  const names = written.map((each) => `${each.service} (revision ${each.revision})`);
  const undo = written.map((each) => `\`sluice undo ${each.service} ${revision}\``);
  return `; written before it: ${names.join(", ")}; the way back: ${undo.join(", ")}${own}`;
}

/** Says which service of the file was refused. `rest` follows. */
function refusalOf(service: string, file: string, rest: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof CliError)) throw error;
    const { code, message, problems, exitCode } = error;
    const text = `Cannot apply ${service} of ${file}: ${message}${rest}`;
    throw new CliError(code, text, { problems, exitCode, cause: error });
  };
}

function appliedText(applied: Applied): string {
  const { service, revision } = applied;
  return withWarnings(`${service} is as in the file since revision ${revision}`, applied);
}

function plansText(plans: Readonly<Record<string, Plan>>): string {
  return Object.entries(plans)
    .map(([service, plan]) => `${service}\n${planText(plan)}`)
    .join("\n\n");
}
