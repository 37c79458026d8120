import type { Command } from "commander";
import type { CertificateView } from "../views/certificate-view.ts";
import { EXIT } from "./cli-error.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { tableText } from "./output.ts";
import { reasonOption, withReason } from "./write-options.ts";
import type { ReasonOptions } from "./write-options.ts";

const PATH = "/v1/certificates";

type CertificateList = { readonly certificates: readonly CertificateView[] };

type ReloadAnswer = CertificateList & {
  readonly replaced: readonly string[];
  readonly refused: readonly { readonly certificate: string; readonly reason: string }[];
};

/** `sluice certificates` lists them; `sluice certificates reload` reads their files again. */
export function addCertificates(program: Command, context: CliContext): void {
  const certificates = program
    .command("certificates")
    .description("show certificates and roots, where they are used and until when")
    .action(async (_options: object, command: Command) => {
      const list = await clientOf(command, context).get<CertificateList>(PATH);
      print(command, context, list, certificatesText);
    });
  const reload = certificates
    .command("reload")
    .description("read certificates, keys and roots again; 1 if one of them cannot be used");
  withReason(reload).action(async (options: ReasonOptions, command: Command) => {
    const client = clientOf(command, context);
    const reason = reasonOption(options);
    const answer = await client.send<ReloadAnswer>("POST", `${PATH}/reload`, { reason });
    if (answer.refused.length > 0) context.exitWith(EXIT.failed);
    print(command, context, answer, reloadText);
  });
}

function certificatesText({ certificates }: CertificateList): string {
  const head = ["CERTIFICATE", "SUBJECT", "UNTIL", "DAYS LEFT", "USED BY", "PROBLEM"];
  const rows = certificates.map((each) => [
    each.id,
    each.subject ?? "-",
    each.notAfter ?? "-",
    each.daysLeft ?? "-",
    each.usedBy.join(", ") || "-",
    each.problem ?? (each.stage === "fine" ? "-" : (each.stage ?? "-")),
  ]);
  return tableText(head, rows);
}

function reloadText({ replaced, refused, certificates }: ReloadAnswer): string {
  const same = certificates.length - replaced.length - refused.length;
  return [
    `${replaced.length} replaced, ${same} as they were, ${refused.length} refused`,
    ...replaced.map((id) => `  replaced: ${id}`),
    ...refused.map(({ certificate, reason }) => `  refused: ${certificate}: ${reason}`),
  ].join("\n");
}
