import type { Command } from "commander";
import { newSigningKey, readSigningKey } from "../registry/signing-key.ts";
import { configRefusal } from "./cli-error.ts";
import { print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { writeNewSecret } from "./new-secret-file.ts";

/** `sluice key new --out FILE`: makes a key that signs tables in Consul. */
export function addKey(program: Command, context: CliContext): void {
  const group = program.command("key").description("make keys that sign the table in Consul");
  const show = (command: Command, publicKey: string): void =>
    print(command, context, { publicKey }, () => publicKey);
  group
    .command("new")
    .description("make a key for `store.signingKey`, and print its public key for `store.trust`")
    .requiredOption("--out <file>", "write it to this new file, for its owner only (mode 0600)")
    .action(async ({ out }: { readonly out: string }, command: Command) => {
      const { pem, publicKey } = newSigningKey();
      await writeNewSecret("the key", out, pem);
      show(command, publicKey);
    });
  group
    .command("show")
    .description("print the public key of a key")
    .argument("<file>", "such as table.key")
    .action(async (file: string, _options: object, command: Command) => {
      const { publicKey } = await readSigningKey(file, "").catch(configRefusal);
      show(command, publicKey);
    });
}
