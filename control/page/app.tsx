import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ActDialog } from "./act-dialog.tsx";
import { AuditPage } from "./audit-page.tsx";
import { FleetPage } from "./fleet-page.tsx";
import { keyAction, KEYS_HELP } from "./key-action.ts";
import { Modal } from "./modal.tsx";
import { hashOf, pagePlaceOf } from "./place.ts";
import type { PagePlace } from "./place.ts";
import { act, isHelpOpen, keyTargets, notice, place } from "./screen.ts";
import { ServicePage } from "./service-page.tsx";
import { ServicesPage } from "./services-page.tsx";
import { spanText } from "./texts.ts";
import { TokenForm } from "./token-form.tsx";
import { health, lostSinceMs, nowMs, stats, table, trouble, wantsToken, whoami } from "./world.ts";

/** The whole page. */
export function App(): JSX.Element {
  useEffect(listen, []);
  const title = titleOf(place.value);
  useEffect(() => void (document.title = title), [title]);
  return (
    <>
      <Header />
      <Banner />
      <p class="unseen" role="alert">
        {lostSinceMs.value === undefined ? "" : "Connection lost"}
      </p>
      <main id="main" tabIndex={-1}>
        <Main />
      </main>
      <p class={notice.value === "" ? "notice empty" : "notice"} role="status">
        {notice.value}
      </p>
      {act.value !== undefined && <ActDialog wanted={act.value} />}
      {isHelpOpen.value && <Help />}
    </>
  );
}

/** Nothing that calls the API before it has said who we are. */
function Main(): JSX.Element {
  if (wantsToken.value) return <TokenForm />;
  return whoami.value === undefined ? <p class="faint">Reading…</p> : <Page at={place.value} />;
}

function titleOf(at: PagePlace): string {
  return at.kind === "service" ? `${at.name} · Sluice` : `Sluice ${at.kind}`;
}

function Page({ at }: { readonly at: PagePlace }): JSX.Element {
  switch (at.kind) {
    case "services":
      return <ServicesPage />;
    case "service":
      return <ServicePage name={at.name} />;
    case "fleet":
      return <FleetPage />;
    case "audit":
      return <AuditPage />;
  }
}

const LINKS: readonly (readonly [place: PagePlace, text: string])[] = [
  [{ kind: "services" }, "Services"],
  [{ kind: "fleet" }, "Fleet"],
  [{ kind: "audit" }, "Audit"],
];

function Header(): JSX.Element {
  const kind = place.value.kind === "service" ? "services" : place.value.kind;
  return (
    <header>
      <a class="brand" href="#/">
        Sluice
      </a>
      <span class="faint">
        {location.host} · revision {table.value?.revision ?? "–"}
      </span>
      <Ready />
      <nav aria-label="Pages">
        {LINKS.map(([to, text]) => (
          <a key={text} href={hashOf(to)} aria-current={to.kind === kind ? "page" : undefined}>
            {text}
          </a>
        ))}
        <button
          type="button"
          class="plain"
          aria-label="Keys"
          onClick={() => (isHelpOpen.value = true)}
        >
          ?
        </button>
      </nav>
    </header>
  );
}

function Ready(): JSX.Element {
  const { ready, reasons = [] } = health.value ?? {};
  const who = whoami.value;
  return (
    <>
      {ready === true && <span class="good-text">● ready</span>}
      {ready === false && <span class="bad-text">▲ not ready: {reasons.join(", ")}</span>}
      {who !== undefined && (
        <span class="faint">
          {who.actor} ({who.role})
        </span>
      )}
    </>
  );
}

/** What makes everything below it doubtful. */
function Banner(): JSX.Element {
  const lost = lostSinceMs.value;
  const missing = stats.value?.countsMissing ?? table.value?.countsMissing;
  if (wantsToken.value) return <></>;
  if (lost !== undefined) {
    const span = spanText(nowMs.value - lost);
    return (
      <p class="banner">▲ Connection lost {span} ago. What you see is as old; trying again.</p>
    );
  }
  if (trouble.value !== undefined) return <p class="banner">▲ {trouble.value}</p>;
  if (missing !== undefined) return <p class="banner">▲ Counts are missing: {missing}</p>;
  return <></>;
}

function closeHelp(): void {
  isHelpOpen.value = false;
}

function Help(): JSX.Element {
  return (
    <Modal title="Keys" onClose={closeHelp}>
      <dl class="keys">
        {KEYS_HELP.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog" class="buttons">
        <button type="submit">Close</button>
      </form>
    </Modal>
  );
}

/** Follows the address and the keys, for as long as the page is there. */
function listen(): void {
  addEventListener("hashchange", () => {
    place.value = pagePlaceOf(location.hash);
    document.getElementById("main")?.focus();
    scrollTo(0, 0);
  });
  addEventListener("keydown", (event) => {
    const inText = isTextField(event.target);
    const { key, ctrlKey, metaKey, altKey } = event;
    const action = keyAction({ key, ctrlKey, metaKey, altKey, inText });
    // One that closes is still there for a moment, and would take what comes next away with it.
    if (action === undefined || document.querySelector("dialog") !== null) return;
    event.preventDefault();
    if (action === "help") isHelpOpen.value = true;
    else keyTargets.value[action]?.();
  });
}

function isTextField(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && !["range", "checkbox"].includes(target.type);
}
