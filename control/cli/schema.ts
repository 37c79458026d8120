import type { Command } from "commander";
import type { CliContext } from "./commands.ts";

/** `sluice schema`: what a configuration file may look like, for editors. */
export function addSchema(program: Command, context: CliContext): void {
  program
    .command("schema")
    .description("print the JSON Schema of the configuration file, for editors")
    .action(async () => {
      // Loaded only here: the other commands start sooner without it.
      const { editorSchema } = await import("../config/editor-schema.ts");
      context.output.out(JSON.stringify(editorSchema(), undefined, 2));
    });
}
