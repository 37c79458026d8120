import { FileStore } from "../../../control/store/file-store.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { storedTable } from "./big-table.ts";

const note = (): void => undefined;
const deps = { clock: systemClock, log: { info: note, warn: note, error: note } };

// A process that writes one table after the other into the file given, until it is killed.
const store = await FileStore.open(process.argv[2] as string, deps);
let revision = (await store.load())?.revision ?? 0;
process.stdout.write("ready\n");
for (;;) {
  await store.save(storedTable(revision + 1), revision);
  revision += 1;
}
