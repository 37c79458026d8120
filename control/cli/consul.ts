import type { Command } from "commander";
import { systemClock } from "../../proxy/base/clock.ts";
import type { ConsulConfig } from "../config/config-schema.ts";
import { ConfigError } from "../base/errors.ts";
import type { Imported } from "../registry/import-service.ts";
import { ConsulError } from "../consul/consul-error.ts";
import { CliError, configRefusal, usageError } from "./cli-error.ts";
import { print } from "./commands.ts";
import type { CliContext } from "./commands.ts";

type ImportOptions = { readonly config?: string; readonly consul?: string };

/** `sluice consul import web`: reads what Consul's own mesh knows of a service. */
export function addConsul(program: Command, context: CliContext): void {
  const group = program.command("consul").description("read the entries of Consul's own mesh");
  group
    .command("import")
    .description("print the service that the router, splitter and resolver entries describe")
    .argument("<service>", "name of a service in Consul")
    .option("-c, --config <file>", "read `consul` from this configuration file")
    .option("--consul <url>", "the agent (default: CONSUL_HTTP_ADDR, else http://127.0.0.1:8500)")
    .action(async (service: string, options: ImportOptions, command: Command) => {
      // Loaded only here, and below: the other commands start sooner without them.
      const { stringify } = await import("yaml");
      const config = await consulOf(options, context.env);
      const { document, notes } = await importFrom(config, service);
      for (const note of notes) context.output.error(`sluice: note: ${note}`);
      print(command, context, { [service]: document }, (answer) => stringify(answer).trimEnd());
    });
}

/** From the file, else from the option and the variables that Consul's own programs read. */
async function consulOf(options: ImportOptions, env: NodeJS.ProcessEnv): Promise<ConsulConfig> {
  if (options.config !== undefined) {
    const { loadConfig } = await import("../config/load.ts");
    const { consul } = await loadConfig(options.config, env).catch(configRefusal);
    if (consul !== undefined) return consul;
    throw usageError(
      `Cannot read consul of ${options.config}: wanted where Consul is, found nothing`,
    );
  }
  // As with Consul's own programs the option stands for the variable.
  const own = options.consul === undefined ? env : { ...env, CONSUL_HTTP_ADDR: options.consul };
  const { withConsulEnvironment } = await import("../config/consul-environment.ts");
  const { consulSchema } = await import("../config/consul-schema.ts");
  const { problemAt, readBy } = await import("../config/problems.ts");
  const { consul, flaws } = withConsulEnvironment({}, own);
  const source = options.consul === undefined ? "CONSUL_HTTP_ADDR" : "--consul";
  const unusable = flaws.map(({ found, ...flaw }) =>
    problemAt({ ...flaw, found: found.replace("CONSUL_HTTP_ADDR", source) }),
  );
  const read = readBy(consulSchema, consul);
  if (read.kind === "read" && unusable.length === 0) return read.value;
  const wrong = read.kind === "wrong" ? read.problems : [];
  return configRefusal(new ConfigError("the agent", [...unusable, ...wrong]));
}

async function importFrom(config: ConsulConfig, service: string): Promise<Imported> {
  const { ConsulClient } = await import("../consul/client.ts");
  const { consulOptionsOf } = await import("../registry/options.ts");
  const { importService } = await import("../registry/import-service.ts");
  const client = new ConsulClient(await consulOptionsOf(config).catch(configRefusal), systemClock);
  try {
    return await importService(client, service, config);
  } catch (error) {
    if (!(error instanceof ConsulError)) throw error;
    throw new CliError(error.code, error.message, { cause: error });
  } finally {
    await client.close();
  }
}
