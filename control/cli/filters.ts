import type { Command } from "commander";
import type { FilterView } from "../views/filter-view.ts";
import { usageError } from "./cli-error.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { tableText } from "./output.ts";
import { withWriteOptions, writeOptionsFrom } from "./write-options.ts";
import type { WriteOptions } from "./write-options.ts";

const PATH = "/v1/filters";

/** Characters of a hash that are shown: enough to tell two apart. */
const HASH_SHOWN = 12;

type FilterList = { readonly revision: number; readonly filters: readonly FilterView[] };

type ReplaceOptions = WriteOptions & { readonly module?: string; readonly options?: string };

/** `sluice filters` lists them; `sluice filters replace NAME` replaces one while it runs. */
export function addFilters(program: Command, context: CliContext): void {
  const filters = program
    .command("filters")
    .description("show the filters of all services")
    .action(async (_options: object, command: Command) => {
      const list = await clientOf(command, context).get<FilterList>(PATH);
      print(command, context, list, filtersText);
    });
  const replace = filters
    .command("replace")
    .description("replace a running filter with what its file holds now")
    .argument("<name>", "name of a filter")
    .option("--module <file>", "another file")
    .option("--options <json>", "other options");
  withWriteOptions(replace).action(
    async (name: string, options: ReplaceOptions, command: Command) => {
      const body = bodyOf(options);
      const client = clientOf(command, context);
      const write = { ...(await writeOptionsFrom(client, PATH, options)), body };
      const path = `${PATH}/${encodeURIComponent(name)}`;
      const list = await client.send<FilterList>("PUT", path, write);
      print(command, context, list, filtersText);
    },
  );
}

function bodyOf({ module, options }: ReplaceOptions): object {
  return {
    ...(module !== undefined && { module }),
    ...(options !== undefined && { options: readOptions(options) }),
  };
}

function readOptions(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw usageError(`Cannot read --options: wanted JSON, found ${JSON.stringify(json)}`);
  }
}

function filtersText({ filters }: FilterList): string {
  const head = ["FILTER", "SERVICE", "MODULE", "VERSION", "CODE", "ON ERROR", "FAILED", "ANSWERED"];
  const rows = filters.map(({ name, service, module, version, hash, inForce, ...rest }) => [
    name,
    service,
    module,
    version || "-",
    `${hash?.slice(0, HASH_SHOWN) ?? "none"}${inForce ? "" : " (not as configured)"}`,
    rest.onError,
    Object.values(rest.failures).reduce((sum, count) => sum + count, 0),
    rest.answers,
  ]);
  return tableText(head, rows);
}
