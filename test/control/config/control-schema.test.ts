import { expect, test } from "vitest";
import { controlSocket } from "../../../control/config/control-schema.ts";
import type { ControlConfig } from "../../../control/config/control-schema.ts";
import { readConfig } from "../../../control/config/load.ts";

function control(text: string): ControlConfig {
  const whole = `listeners: [{ bind: "127.0.0.1:8080" }]\ncontrol: { ${text} }\n`;
  return readConfig(whole, { file: "f", environment: {} }).control;
}

const AUTH = "{ tokenFile: t }";
const TLS = "{ cert: c, key: k }";
const ROOTS = "{ cert: c, key: k, clientCa: r }";
const CERT = "{ uri: 'spiffe://mesh/ci', role: read }";

test.each([
  [`bind: 0.0.0.0:9180, tls: ${TLS}, auth: ${AUTH}`],
  [`tls: ${ROOTS}, auth: { certs: [${CERT}] }`],
  [`bind: unix:/run/s, auth: ${AUTH}`],
])("control { %s } can be used", (text) => {
  expect(() => control(text)).not.toThrow();
});

test.each([
  ["", undefined],
  ["bind: unix:/run/s", { path: "/run/s", mode: 0o600, group: undefined }],
  ["bind: unix:/run/s, group: ops", { path: "/run/s", mode: 0o660, group: "ops" }],
  ['bind: unix:/run/s, group: 1000, mode: "0666"', { path: "/run/s", mode: 0o666, group: 1000 }],
  ['bind: unix:/run/s, mode: "640"', { path: "/run/s", mode: 0o640, group: undefined }],
])("control { %s } has a socket with the file %j", (text, wanted) => {
  expect(controlSocket(control(text))).toEqual(wanted);
});

test.each([
  [
    "bind: unix:/run/s, mode: 0660",
    "control.mode: wanted a file mode in octal, in quotes, such as",
  ],
  ['bind: unix:/run/s, mode: "4755"', "control.mode: wanted a file mode in octal"],
  ["bind: unix:/run/s, group: a:b", "control.group: wanted the name of a group, or its number"],
  ["bind: 0.0.0.0:9180", "control.bind: wanted a loopback address (127.0.0.0/8, [::1], localhost"],
  [`bind: 0.0.0.0:9180, auth: ${AUTH}`, "or control.tls and control.auth with it"],
  [`bind: 0.0.0.0:9180, tls: ${TLS}`, "or control.tls and control.auth with it"],
  [`bind: unix:/run/s, tls: ${TLS}`, "control.tls: wanted nothing, as a Unix socket is not read"],
  [`auth: { certs: [${CERT}] }`, "control.tls.clientCa: wanted the roots that control.auth.certs"],
  [`tls: ${ROOTS}, auth: ${AUTH}`, "control.auth.certs: wanted what those may do whom"],
  ["socketRole: read", "control.socketRole: wanted nothing, as only a Unix socket has a file"],
  [
    'mode: "0600"',
    "control.mode: wanted nothing, as only a Unix socket has a file, found the bind",
  ],
  ["group: ops", "control.group: wanted nothing, as only a Unix socket has a file, found the bind"],
])("control { %s } is refused", (text, message) => {
  expect(() => control(text)).toThrow(message);
});
