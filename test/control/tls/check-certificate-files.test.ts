import { describe, expect, test } from "vitest";
import { ConfigError, ValidationError } from "../../../control/base/errors.ts";
import { readConfig } from "../../../control/config/load.ts";
import {
  checkCertificateFiles,
  checkListenerFiles,
  checkServiceFiles,
} from "../../../control/tls/check-certificate-files.ts";
import { createAuthority } from "../../support/authority.ts";
import { certificateFolder } from "./certificate-folder.ts";

const authority = createAuthority();

function config(cert = "shop") {
  const certificates = [
    { cert: "shop.pem", key: "shop.key" },
    { cert: "other.pem", key: `${cert}.key` },
  ];
  const tls = { certificates, clientCert: "request", clientCa: "ca.pem" };
  const upstream = { tls: { ca: "roots.pem", cert: "shop.pem", key: "shop.key" } };
  return readConfig(
    JSON.stringify({
      listeners: [{ bind: "127.0.0.1:1" }, { bind: "127.0.0.1:2", tls }],
      services: {
        web: { upstream, versions: { v1: { endpoints: [] } } },
        plain: { versions: { v1: { endpoints: [] } } },
      },
    }),
    { file: "sluice.yaml", environment: {} },
  );
}

async function bed() {
  const folder = await certificateFolder();
  await folder.put("shop", authority.issue());
  await folder.put("other", authority.issue());
  for (const name of ["ca.pem", "roots.pem"]) await folder.write(name, authority.pem);
  return { folder, file: folder.at("sluice.yaml") };
}

describe("checkCertificateFiles()", () => {
  test("takes files that can be used, found from the configuration's folder", async () => {
    const { file } = await bed();
    await checkCertificateFiles(file, config("other"));
  });

  test("names the key of each file that cannot", async () => {
    const { folder, file } = await bed();
    await folder.write("ca.pem", "");
    await folder.write("roots.pem", "");
    const wanted = "wanted 1 to 512 certificates in PEM, found 0";
    const error = await checkCertificateFiles(file, config()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).message).toBe(
      `Cannot use ${file}: listeners[1].tls.certificates[1]: wanted the key of the chain's first ` +
        `certificate, found another key; listeners[1].tls.clientCa: ${wanted}; ` +
        `services.web.upstream.tls.ca: ${wanted}`,
    );
  });
});

test("checkListenerFiles() looks at listeners alone", async () => {
  const { folder, file } = await bed();
  await folder.write("roots.pem", "");
  await checkListenerFiles(file, config("other").listenerFiles);
  await expect(checkListenerFiles(file, config().listenerFiles)).rejects.toThrow(ConfigError);
});

test("checkServiceFiles() names the keys of one service", async () => {
  const { folder } = await bed();
  const tls = config().services["web"]?.upstreamTls;
  if (tls === undefined) throw new Error("Cannot test: the service has no TLS");
  await checkServiceFiles(folder.path, "web", tls);
  await folder.write("shop.key", "");
  const checked = checkServiceFiles(folder.path, "web", tls);
  await expect(checked).rejects.toThrow(ValidationError);
  await expect(checked).rejects.toThrow(
    "Cannot read service web: upstream.tls.cert: wanted one private key in PEM, found none",
  );
});
