import type { Command } from "commander";
import { configRefusal } from "./cli-error.ts";
import { print } from "./commands.ts";
import type { CliContext } from "./commands.ts";

/** `sluice check FILE`: whether `run` would take the file, and does nothing else. */
export function addCheck(program: Command, context: CliContext): void {
  program
    .command("check")
    .description("check a configuration file and do nothing else")
    .argument("<file>", "such as sluice.yaml")
    .action(async (file: string, _options: object, command: Command) => {
      // Loaded only here: the other commands start sooner without them.
      const { loadConfig } = await import("../config/load.ts");
      const { checkFilterFiles } = await import("../filters/check-filter-files.ts");
      const { checkCertificateFiles } = await import("../tls/check-certificate-files.ts");
      const config = await loadConfig(file, context.env).catch(configRefusal);
      await checkFilterFiles(file, config).catch(configRefusal);
      await checkCertificateFiles(file, config).catch(configRefusal);
      const services = Object.keys(config.services);
      print(command, context, { file, services }, () => `${file} is good: ${services.join(", ")}`);
    });
}
