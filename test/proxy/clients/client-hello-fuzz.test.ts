import { Duplex } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { createSecureContext, TLSSocket } from "node:tls";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readClientHello } from "../../../proxy/clients/client-hello.ts";
import { makeCertificate } from "../../support/certificates.ts";
import {
  EXTENSION,
  helloMessage,
  RECORD,
  records,
  serverNames,
} from "../../support/client-hello.ts";
import { FUZZ_PARAMETERS, SHORT_FUZZ_MS } from "../../support/fuzz.ts";
import { mutated } from "../../support/mutations.ts";

const { certPem, keyPem } = makeCertificate();
const secureContext = createSecureContext({ cert: certPem, key: keyPem });

/** How often the loop turns until OpenSSL has asked for a name, if it does. */
const TURNS = 3;

/** The name that OpenSSL takes from a hello which it is ready to answer. */
async function nameByOpenSsl(bytes: Buffer): Promise<string | undefined> {
  let taken: string | undefined;
  const wire = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
  });
  const SNICallback = (name: string): void => void (taken = name);
  const socket = new TLSSocket(wire, { isServer: true, secureContext, SNICallback });
  socket.on("error", () => undefined);
  wire.push(bytes);
  for (let turn = 0; turn < TURNS; turn += 1) await setImmediate();
  socket.destroy();
  return taken;
}

/** Hellos whose names and bytes are changed, cut into records. */
const hellos = fc
  .record({
    names: fc.array(mutated(["Shop.Example", "a", "xn--bcher-kva.example"]), { maxLength: 2 }),
    changes: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 2 }),
    isOld: fc.boolean(),
    record: fc.integer({ min: 30, max: 400 }),
  })
  .map(({ names, changes, isOld, record }) => {
    const asked = names.length === 0 ? undefined : serverNames(...names);
    const old = { [EXTENSION.versions]: undefined, [EXTENSION.keyShare]: undefined };
    const extensions = { [EXTENSION.serverName]: asked, ...(isOld && old) };
    const hello = records(RECORD.handshake, helloMessage({ extensions }), record);
    for (const [place, byte] of changes) hello[place % hello.length] = byte;
    return hello;
  });

test(
  "a name that OpenSSL takes from a hello is the one that we route by, or we refuse the hello",
  async () => {
    let named = 0;
    await fc.assert(
      fc.asyncProperty(hellos, fc.nat(), async (bytes, place) => {
        const ours = readClientHello(bytes);
        const cut = readClientHello(bytes.subarray(0, place % (bytes.length + 1)));
        if (cut.kind !== "more") expect(cut).toEqual(ours);
        const name = await nameByOpenSsl(bytes);
        if (name === undefined || ours.kind === "invalid") return;
        named += 1;
        expect(ours).toEqual({ kind: "read", serverName: name.toLowerCase() });
      }),
      { ...FUZZ_PARAMETERS, interruptAfterTimeLimit: SHORT_FUZZ_MS },
    );
    expect(named).toBeGreaterThan(10);
  },
  2 * SHORT_FUZZ_MS + 10_000,
);
