import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SystemFiles, systemPaths } from "../../../control/names/system-files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const silent = (): void => undefined;

async function fixture() {
  const folder = await temporaryFolder();
  const paths = { hosts: join(folder, "hosts"), resolvConf: join(folder, "resolv.conf") };
  const warned: unknown[] = [];
  const warn = (event: string): unknown => warned.push(event);
  const files = new SystemFiles(paths, { info: silent, warn, error: silent });
  return { ...paths, files, warned };
}

test("SystemFiles reads a file again when it is another one", async () => {
  const { files, hosts, resolvConf } = await fixture();
  await writeFile(hosts, "10.0.0.1 web");
  await writeFile(resolvConf, "nameserver 10.0.0.2");
  expect(await files.refresh()).toBe(true);
  expect(files.hosts.get("web")).toEqual(["10.0.0.1"]);
  expect(files.conf.servers).toEqual(["10.0.0.2:53"]);
  expect(await files.refresh()).toBe(false);
  await writeFile(`${hosts}.new`, "10.0.0.3 web");
  await rename(`${hosts}.new`, hosts);
  expect(await files.refresh()).toBe(true);
  expect(files.hosts.get("web")).toEqual(["10.0.0.3"]);
});

test("SystemFiles takes a missing file for an empty one, without a word", async () => {
  const { files, hosts, warned } = await fixture();
  await files.refresh();
  expect(files.conf.servers).toEqual(["127.0.0.1:53"]);
  await writeFile(hosts, "10.0.0.1 web");
  await files.refresh();
  await rm(hosts);
  expect(await files.refresh()).toBe(true);
  expect(files.hosts.size).toBe(0);
  expect(warned).toEqual([]);
});

test("SystemFiles keeps what it knows of an unreadable file, and says so once", async () => {
  const { files, hosts, warned } = await fixture();
  await writeFile(hosts, "10.0.0.1 web");
  await files.refresh();
  await rm(hosts);
  await mkdir(hosts);
  await files.refresh();
  expect(await files.refresh()).toBe(false);
  expect(files.hosts.get("web")).toEqual(["10.0.0.1"]);
  expect(warned).toEqual(["names.file-unreadable"]);
});

test("systemPaths() are the system's, unless the environment names others", () => {
  expect(systemPaths({})).toEqual({ hosts: "/etc/hosts", resolvConf: "/etc/resolv.conf" });
  expect(systemPaths({ SLUICE_HOSTS: "/a", SLUICE_RESOLV_CONF: "/b" })).toEqual({
    hosts: "/a",
    resolvConf: "/b",
  });
});
