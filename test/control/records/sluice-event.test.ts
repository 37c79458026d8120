import { describe, expect, test } from "vitest";
import { aboutVersion, eventOfWorker, publicForm } from "../../../control/records/sluice-event.ts";

describe("publicForm()", () => {
  test("names a single service in `service` too", () => {
    const event = { kind: "revision", services: ["web"], revision: 2, action: "put" } as const;
    expect(publicForm(event)).toStrictEqual({ ...event, service: "web" });
  });

  test("leaves several services, and none, to `services`", () => {
    for (const services of [["web", "shop"], []]) {
      const event = { kind: "revision", services, revision: 2, action: "follow" } as const;
      expect(publicForm(event)).toStrictEqual(event);
    }
  });

  test("adds nothing to an event of the sidecar as a whole", () => {
    const event = { kind: "swap", started: [1], retired: [2] } as const;
    expect(publicForm(event)).toStrictEqual(event);
  });

  test("tells of a reload what its caller is told", () => {
    const report = {
      services: { replaced: ["web"], removed: ["shop"], absent: [], differing: [] },
      listeners: { opened: [], closed: [] },
      needsRestart: ["control"],
      warnings: [],
    };
    const event = { kind: "reload", services: ["web", "shop"], report } as const;
    expect(publicForm(event)).toStrictEqual({ kind: "reload", ...report });
  });
});

test("eventOfWorker() keeps what a worker reports, under the services' one name", () => {
  const report = { kind: "readmission", version: "v1", endpoint: "10.0.0.1:80" } as const;
  const event = { ...report, services: ["web"] };
  expect(eventOfWorker({ ...report, service: "web" })).toStrictEqual(event);
});

test("aboutVersion() names a version as events do", () => {
  const about = { services: ["web"], version: "v2" };
  expect(aboutVersion({ service: "web", version: "v2" })).toStrictEqual(about);
});
