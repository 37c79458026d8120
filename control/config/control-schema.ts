import { z } from "zod";
import { ROLES } from "../base/roles.ts";
import { isLoopbackBind } from "./address.ts";
import { authSchema } from "./auth-schema.ts";
import type { CrossProblem } from "./cross-problem.ts";
import { bindAddress, list, matching, strict, text, whole } from "./schema-parts.ts";

/** Folders that modules of filters may be in: each is looked at for every one. */
const FILTER_FOLDERS_MAX = 16;

/** Folders that sockets of endpoints may be in: each is compared with every one. */
const SOCKET_FOLDERS_MAX = 16;

/** Folders that certificates of services may be in: each is compared with every one. */
const CERTIFICATE_FOLDERS_MAX = 16;

/** The last number that a group can have: the one after it means "as it is" (chown(2)). */
const GROUP_MAX = 0xff_ff_ff_fe;

/** The mode of a socket for its owner alone, and the one that its group shares. */
const MODE_OF_OWNER = 0o600;
const MODE_OF_GROUP = 0o660;

const LOOPBACK = "a loopback address (127.0.0.0/8, [::1], localhost or unix:)";

const absolutePath = matching(/^\//, "an absolute path");

/** In quotes: YAML reads 0660 as the number 660. */
const mode = matching(/^0?[0-7]{3}$/, 'a file mode in octal, in quotes, such as "0660"').transform(
  (digits) => Number.parseInt(digits, 8),
);

const GROUP_WANTED = "the name of a group, or its number";

const group = z.union(
  [matching(/^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/, GROUP_WANTED), whole(0, GROUP_MAX)],
  { error: GROUP_WANTED },
);

/** `control`: the API, and what it may reach. */
export const controlSchema = strict({
  bind: bindAddress.default("127.0.0.1:9180"),
  mode: mode.optional(),
  group: group.optional(),
  socketRole: z.enum(ROLES).optional(),
  tls: strict({ cert: text, key: text, clientCa: text.optional() }).optional(),
  auth: authSchema,
  /** Where modules of filters may be, relative to the file's own folder. */
  filterFolders: list(text, FILTER_FOLDERS_MAX).default([]),
  /** Where sockets of endpoints may be, beside those that the file names itself. */
  socketFolders: list(absolutePath, SOCKET_FOLDERS_MAX).default([]),
  /** Where documents may have certificates, beside those that the file names itself. */
  certificateFolders: list(text, CERTIFICATE_FOLDERS_MAX).default([]),
}).prefault({});

/** `metrics`: what may only be looked at, at an address of its own. */
export const metricsSchema = strict({
  bind: bindAddress
    .refine((bind) => !bind.startsWith("unix:"), { error: "a TCP address such as 0.0.0.0:9181" })
    .optional(),
  /** fine: four bounds for each power of two, in place of one. */
  buckets: z.enum(["coarse", "fine"], { error: "coarse or fine" }).default("coarse"),
});

/** The API, and what it may reach. */
export type ControlConfig = z.output<typeof controlSchema>;

/** The certificate of the API, and the roots of those of its callers: paths as written. */
export type ControlTls = NonNullable<ControlConfig["tls"]>;

/** The file of a Unix socket, and who may open it. */
export type SocketFile = {
  readonly path: string;
  /** Bits as of chmod(2); whoever may write may connect. */
  readonly mode: number;
  /** By name or number. undefined: that of the process. */
  readonly group: string | number | undefined;
};

/** The file of the API's socket. undefined: it listens at TCP. */
export function controlSocket(control: ControlConfig): SocketFile | undefined {
  const { bind, mode: given, group: shared } = control;
  if (!bind.startsWith("unix:")) return undefined;
  const usual = shared === undefined ? MODE_OF_OWNER : MODE_OF_GROUP;
  return { path: bind.slice("unix:".length), mode: given ?? usual, group: shared };
}

/** Everything in `control` that contradicts something else in it. */
export function checkControl(control: ControlConfig): CrossProblem[] {
  return [...checkReach(control), ...checkSocket(control), ...checkClientCertificates(control)];
}

/** Nobody may come over a network in clear, or without saying who it is. */
function checkReach({ bind, tls, auth }: ControlConfig): CrossProblem[] {
  if (isLoopbackBind(bind) || (tls !== undefined && auth !== undefined)) return [];
  const wanted = `${LOOPBACK}, or control.tls and control.auth with it`;
  return [{ path: ["control", "bind"], wanted, found: JSON.stringify(bind) }];
}

function checkSocket(control: ControlConfig): CrossProblem[] {
  const found = `the bind ${control.bind}`;
  if (control.bind.startsWith("unix:")) {
    const wanted = "nothing, as a Unix socket is not read on its way";
    return control.tls === undefined ? [] : [{ path: ["control", "tls"], wanted, found }];
  }
  return (["mode", "group", "socketRole"] as const).flatMap((key): CrossProblem[] => {
    const wanted = "nothing, as only a Unix socket has a file";
    return control[key] === undefined ? [] : [{ path: ["control", key], wanted, found }];
  });
}

function checkClientCertificates({ tls, auth }: ControlConfig): CrossProblem[] {
  const [roots, entries] = [tls?.clientCa !== undefined, (auth?.certs ?? []).length > 0];
  if (roots === entries) return [];
  return roots
    ? [
        {
          path: ["control", "auth", "certs"],
          wanted: "what those may do whom control.tls.clientCa vouches for",
          found: "nothing",
        },
      ]
    : [
        {
          path: ["control", "tls", "clientCa"],
          wanted: "the roots that control.auth.certs are verified against",
          found: "nothing",
        },
      ];
}
