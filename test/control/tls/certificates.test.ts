import { describe, expect, onTestFinished, test } from "vitest";
import type { Config } from "../../../control/config/config-schema.ts";
import { readConfig } from "../../../control/config/load.ts";
import type { Service } from "../../../control/config/service.ts";
import { Certificates, LOOK_EVERY_MS } from "../../../control/tls/certificates.ts";
import { ROTATE_EVERY_MS } from "../../../control/tls/ticket-rotation.ts";
import type { TicketState } from "../../../control/tls/ticket-rotation.ts";
import { NO_TLS_MATERIAL } from "../../../proxy/table/tls.ts";
import type { TlsMaterial, UpstreamTls } from "../../../proxy/table/tls.ts";
import { createAuthority } from "../../support/authority.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { certificateFolder } from "./certificate-folder.ts";
import type { CertificateFolder } from "./certificate-folder.ts";

const YEARS = { notBefore: new Date("2025-01-01"), notAfter: new Date("2036-01-01") };
const authority = createAuthority("root", YEARS);

/** Services by what they read: `web: "ca.pem"`. */
function configOf(
  certs: readonly string[],
  services: Readonly<Record<string, string>> = {},
): Config {
  const certificates = certs.map((name) => ({ cert: `${name}.pem`, key: `${name}.key` }));
  const tls = certs.length === 0 ? undefined : { certificates };
  const entries = Object.entries(services).map(([name, ca]) => {
    return [name, { upstream: { tls: { ca } }, versions: { v1: { endpoints: [] } } }];
  });
  const listeners = [{ bind: "127.0.0.1:1", ...(tls && { tls }) }];
  const text = JSON.stringify({ listeners, services: Object.fromEntries(entries) });
  return readConfig(text, { file: "test", environment: {} });
}

function servicesOf(services: Readonly<Record<string, string>>): ReadonlyMap<string, Service> {
  return new Map(Object.entries(configOf([], services).services));
}

function subjectsIn({ identities, trusts }: TlsMaterial): string {
  return [...identities, ...trusts].map(({ id }) => id).join(" ");
}

async function bed(tickets?: TicketState) {
  const clock = new ManualClock();
  const folder = await certificateFolder();
  await fill(folder);
  const told: TlsMaterial[] = [];
  const logged: string[] = [];
  const state = { refuses: false };
  const note = (event: string): void => void logged.push(event);
  const certificates = new Certificates({
    file: folder.at("sluice.yaml"),
    tell: async (material) => {
      told.push(material);
      if (state.refuses) throw new Error("a worker refuses");
    },
    tickets,
    clock,
    log: { info: note, warn: note, error: note },
    events: { emit: () => undefined },
  });
  onTestFinished(() => certificates.close());
  return { clock, folder, told, logged, state, certificates };
}

async function fill(folder: CertificateFolder): Promise<void> {
  for (const name of ["a", "b"]) await folder.put(name, issue(name));
  for (const name of ["ca.pem", "ca2.pem"]) await folder.write(name, authority.pem);
}

function issue(subject: string) {
  return authority.issue({ subject, ...YEARS });
}

describe("Certificates", () => {
  test("start() has workers know what the listeners need, with a ticket key", async () => {
    const { told, certificates } = await bed();
    await certificates.start(configOf(["a", "b"]));
    expect(told.map(subjectsIn)).toEqual(["file:a.pem file:b.pem"]);
    expect(told[0]?.ticketKeys).toEqual(certificates.tickets.keys);
  });

  test("start() refuses a file that cannot be used, naming its key", async () => {
    const { folder, told, certificates } = await bed();
    await folder.write("b.pem", "");
    await expect(certificates.start(configOf(["a", "b"]))).rejects.toThrow(
      `Cannot use ${folder.at("sluice.yaml")}: listeners[0].tls.certificates[1]: wanted 1 to 10`,
    );
    expect(told).toEqual([]);
  });

  test("tells nobody anything when nothing speaks TLS", async () => {
    const { clock, told, certificates } = await bed();
    await certificates.start(configOf([]));
    await clock.advance(ROTATE_EVERY_MS + LOOK_EVERY_MS);
    expect([told, certificates.shared.current]).toEqual([[], NO_TLS_MATERIAL]);
  });

  test("finds files that have changed by itself", async () => {
    const { clock, folder, told, certificates } = await bed();
    await certificates.start(configOf(["a"]));
    const next = issue("next");
    await folder.put("a", next);
    await clock.advance(LOOK_EVERY_MS);
    await eventually(() => expect(told).toHaveLength(2));
    expect(told[1]?.identities[0]).toMatchObject(next);
  });

  test("reload() finds them at once, and says what it has found", async () => {
    const { folder, certificates } = await bed();
    await certificates.start(configOf(["a", "b"]));
    await folder.put("a", issue("next"));
    await folder.write("b.key", "");
    expect(await certificates.reload()).toEqual({
      replaced: ["file:a.pem"],
      refused: [{ certificate: "file:b.pem", reason: "wanted one private key in PEM, found none" }],
    });
    const [a, b] = certificates.status();
    expect([a?.facts?.subject, a?.problem]).toEqual(["CN=next", undefined]);
    expect([b?.facts?.subject, b?.problem]).toEqual([
      "CN=b",
      expect.stringContaining("found none"),
    ]);
  });

  test("add() comes before a table, useServices() forgets what nobody needs after it", async () => {
    const { told, certificates } = await bed();
    await certificates.start(configOf(["a"]));
    const [first, second] = [servicesOf({ web: "ca.pem" }), servicesOf({ web: "ca2.pem" })];
    await certificates.add(first);
    await certificates.useServices(first);
    await certificates.add(second);
    await certificates.useServices(second);
    await certificates.useServices(new Map());
    expect(told.map(subjectsIn)).toEqual([
      "file:a.pem",
      "file:a.pem ca:ca.pem",
      "file:a.pem ca:ca.pem ca:ca2.pem",
      "file:a.pem ca:ca2.pem",
      "file:a.pem",
    ]);
  });

  test("addListeners() and useListeners() do the same for a reload", async () => {
    const { told, certificates } = await bed();
    await certificates.start(configOf(["a"]));
    const next = configOf(["b"]);
    await certificates.checkListeners(next.listenerFiles);
    await certificates.addListeners(next.listenerFiles);
    await certificates.useListeners(next);
    expect(told.map(subjectsIn)).toEqual(
      ["file:a.pem", "file:b.pem file:a.pem", "file:b.pem"].map((ids) =>
        ids.split(" ").toSorted().join(" "),
      ),
    );
  });

  test("check() refuses a service whose files cannot be used, unless they are in use", async () => {
    const { folder, certificates } = await bed();
    const services = servicesOf({ web: "ca.pem" });
    const web = services.get("web") as Service;
    await certificates.start(configOf([]));
    await certificates.check("web", web);
    await certificates.add(services);
    await folder.write("ca.pem", "");
    await certificates.check("web", web);
    const api = servicesOf({ api: "none.pem" }).get("api") as Service;
    await expect(certificates.check("api", api)).rejects.toThrow("upstream.tls.ca");
  });

  test("checkListeners() lets files that are in use be, whatever they hold by now", async () => {
    const { folder, certificates } = await bed();
    const config = configOf(["a"]);
    await certificates.start(config);
    await folder.write("a.pem", "");
    await certificates.checkListeners(config.listenerFiles);
    const other = configOf(["a", "none"]);
    await expect(certificates.checkListeners(other.listenerFiles)).rejects.toThrow("[1]");
  });

  test("tells workers again what one did not take, and complains once", async () => {
    const { clock, folder, told, logged, state, certificates } = await bed();
    await certificates.start(configOf(["a"]));
    state.refuses = true;
    await folder.put("a", issue("next"));
    await certificates.reload();
    await clock.advance(LOOK_EVERY_MS);
    await eventually(() => expect(told.length).toBeGreaterThan(4));
    expect(certificates.status()[0]?.facts?.subject).toBe("CN=a");
    state.refuses = false;
    await certificates.reload();
    expect(certificates.status()[0]?.facts?.subject).toBe("CN=next");
    expect(logged.filter((event) => event === "certificates.not-told")).toHaveLength(1);
  });

  test("rotates ticket keys", async () => {
    const { clock, told, certificates } = await bed();
    await certificates.start(configOf(["a"]));
    const [first] = certificates.tickets.keys;
    await clock.advance(ROTATE_EVERY_MS);
    await certificates.reload();
    expect(told[1]?.ticketKeys).toEqual([expect.any(String), first]);
  });

  test("goes on with the ticket keys of the primary before it", async () => {
    const tickets = { keys: ["from before"], madeMs: Date.UTC(2026, 0, 1) };
    const { told, certificates } = await bed(tickets);
    await certificates.start(configOf(["a"]));
    expect(told[0]?.ticketKeys).toEqual(["from before"]);
  });

  test("status() tells what others have put in, and what is missing", async () => {
    const { certificates } = await bed();
    await certificates.start(configOf(["a"]));
    const { certPem, keyPem } = issue("leaf");
    const identities = [{ id: "connect:web", certPem, keyPem, names: ["web"] }];
    await certificates.shared.set("connect", { identities, trusts: [] });
    await certificates.useServices(servicesOf({ web: "none.pem" }));
    const shown = certificates.status().map(({ id, facts, stage, usedBy }) => {
      return [id, facts?.subject, stage, ...usedBy];
    });
    expect(shown).toEqual([
      ["ca:none.pem", undefined, undefined, "service web"],
      ["connect:web", "CN=leaf", "fine"],
      ["file:a.pem", "CN=a", "fine", "listener 127.0.0.1:1"],
    ]);
    expect(JSON.stringify(certificates.status())).not.toContain("PRIVATE");
  });

  test("contextFor() is what probes connect with; there is none without the roots", async () => {
    const { folder, certificates } = await bed();
    await certificates.start(configOf([]));
    const services = servicesOf({ web: "ca.pem" });
    const tls = services.get("web")?.upstreamTls?.tls as UpstreamTls;
    expect(certificates.contextFor(tls)).toBe(undefined);
    await certificates.add(services);
    const context = certificates.contextFor(tls);
    expect(context).toBeDefined();
    expect(certificates.contextFor(tls)).toBe(context);
    await folder.write("ca.pem", createAuthority("other", YEARS).pem);
    await certificates.reload();
    expect(certificates.contextFor(tls)).not.toBe(context);
  });
});
