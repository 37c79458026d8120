import type { Command } from "commander";
import type { WriteAnswer } from "../table/service-writes.ts";
import { servicePath } from "./client.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { withWarnings } from "./output.ts";
import { readWhole, withWriteOptions, writeOptions, writeOptionsFrom } from "./write-options.ts";
import type { WriteOptions } from "./write-options.ts";

/** `sluice delete web`: takes a service out of the table. */
export function addDelete(program: Command, context: CliContext): void {
  const remove = program
    .command("delete")
    .description("take a service out of the table; `sluice undo` brings it back")
    .argument("<service>", "name of a service");
  withWriteOptions(remove).action(
    async (service: string, options: WriteOptions, command: Command) => {
      const client = clientOf(command, context);
      const write = await writeOptions(client, service, options);
      const answer = await client.send<WriteAnswer>("DELETE", servicePath(service), write);
      print(command, context, answer, (result) => {
        const back = `\`sluice undo ${service}\` brings it back`;
        return withWarnings(
          `${service} is gone since revision ${result.revision}; ${back}`,
          result,
        );
      });
    },
  );
}

/** `sluice undo web [7]`: takes the latest change of a service back, or all since a revision. */
export function addUndo(program: Command, context: CliContext): void {
  const undo = program
    .command("undo")
    .description("make a service what it was before its latest change, or at a revision")
    .argument("<service>", "name of a service; also of one that is gone")
    .argument("[revision]", "a revision of the table: `sluice audit` lists them");
  withWriteOptions(undo).action(
    async (
      service: string,
      revision: string | undefined,
      options: WriteOptions,
      command: Command,
    ) => {
      const body = revision === undefined ? {} : { revision: readWhole("the revision", revision) };
      const client = clientOf(command, context);
      // The service may be gone: the table has a revision in any case.
      const write = { ...(await writeOptionsFrom(client, servicePath(), options)), body };
      const path = servicePath(service, "undo");
      const answer = await client.send<WriteAnswer>("POST", path, write);
      print(command, context, answer, (result) => {
        const before = revision === undefined ? "before" : `at revision ${revision}`;
        const text = `${service} is what it was ${before}, since revision ${result.revision}`;
        return withWarnings(text, result);
      });
    },
  );
}
