const ROLLOUTS = "test/control/rollout/rollouts.test.ts";
const PAGE = "test/browser/page.foreign.ts";
const REPLAY = "test/control/rollout/replay.test.ts";
const HEADS = "test/proxy/http1/request-head.test.ts";
const WHOLE_HEADS = "a rule for whole heads, which are tried there cut anywhere";

/**
 * Sources without a test of their own name: the test that is theirs, and why one of their own could
 * only repeat it. What decides something has a test of its own.
 */
export const TESTED_ELSEWHERE: Readonly<Record<string, readonly [test: string, why: string]>> = {
  "control/api/page-files.ts": [
    "test/control/api/page-routes.test.ts",
    "files are read to be sent, and a missing one is an answer",
  ],
  "control/api/described-api.ts": [
    "test/control/api/openapi.test.ts",
    "a description is right or wrong of all routes together",
  ],
  "control/packaging/build-deb.ts": [
    "test/foreign/packages.foreign.ts",
    "dpkg unpacks what it makes, and a request goes through that",
  ],
  "control/page/act-dialog.tsx": [PAGE, "a form is what the browser makes of it"],
  "control/page/app.tsx": [PAGE, "pages, keys and banners, as they are seen"],
  "control/page/audit-page.tsx": [PAGE, "an entry with its undo, as it is seen"],
  "control/page/colours.ts": [PAGE, "only a browser resolves colours"],
  "control/page/endpoints-table.tsx": [PAGE, "shows what endpoint-why.ts decides"],
  "control/page/fleet-page.tsx": [PAGE, "shows what fleet-rows.ts decides"],
  "control/page/force-box.tsx": [PAGE, "a box is what the browser makes of it"],
  "control/page/main.tsx": [PAGE, "begins what is tried there"],
  "control/page/migration-bar.tsx": [PAGE, "shows numbers of the API"],
  "control/page/modal.tsx": [PAGE, "only a browser has dialogs"],
  "control/page/plan-box.tsx": [PAGE, "shows the plan that shift-draft.ts has"],
  "control/page/plot.ts": [PAGE, "draws what past.ts gives it"],
  "control/page/rolldown.config.ts": [PAGE, "what it makes runs there, and its size is checked"],
  "control/page/rollout-panel.tsx": [PAGE, "shows a rollout of the API"],
  "control/page/screen.ts": [PAGE, "what components share"],
  "control/page/service-page.tsx": [PAGE, "puts parts together"],
  "control/page/services-page.tsx": [PAGE, "shows what service-rows.ts decides"],
  "control/page/share-bar.tsx": [PAGE, "a bar is seen, and read by axe"],
  "control/page/shift-panel.tsx": [PAGE, "shows what shift-draft.ts decides"],
  "control/page/state-button.tsx": [PAGE, "a button is what the browser makes of it"],
  "control/page/table.tsx": [PAGE, "roles are read by axe"],
  "control/page/token-form.tsx": [PAGE, "a form is what the browser makes of it"],
  "control/page/traffic-chart.tsx": [PAGE, "draws what past.ts gives it"],
  "control/page/versions-table.tsx": [PAGE, "shows numbers of the API"],
  "control/page/world.ts": [PAGE, "what the page knows comes from a real API"],
  "control/config/config-schema.ts": [
    "test/control/config/load.test.ts",
    "puts a shape and its checks together, each of which has its test",
  ],
  "control/config/grpc-schema.ts": [
    "test/control/config/service-schema.test.ts",
    "a list of names with a default, as documents have it",
  ],
  "control/config/service-checks.ts": [
    "test/control/config/service-schema.test.ts",
    "what contradicts itself is a whole document, read by the schema",
  ],
  "control/config/service-shape.ts": [
    "test/control/config/service-schema.test.ts",
    "as the checks: documents go in, and services or problems come out",
  ],
  "control/consul/lock.ts": [
    "test/integration/consul-fleet.test.ts",
    "a lock is about several holders of one agent",
  ],
  "control/discovery/http-probe.ts": [
    "test/control/discovery/probe.test.ts",
    "a probe without its time limit would wait for ever",
  ],
  "control/fleet/open-fleet.ts": [
    "test/integration/consul-fleet-counts.test.ts",
    "makes parts that have tests; together they are about several sidecars",
  ],
  "control/views/http2-metrics.ts": [
    "test/control/views/metrics.test.ts",
    "one list of all metrics, compared with the page",
  ],
  "control/main.ts": ["test/integration/sigterm.test.ts", "the root of a process"],
  "control/registry/consul-documents.ts": [
    "test/integration/consul-rollout.test.ts",
    "is about several writers of one agent",
  ],
  "control/cli/rollout-watch.ts": [
    "test/control/cli/rollout.test.ts",
    "a loop over calls: what it shows to the end is read there",
  ],
  "control/base/ask-http.ts": [
    "test/control/rollout/hook-calls.test.ts",
    "one call of fetch: its time, body and redirects are those of hooks there",
  ],
  "control/rollout/automatic-table.ts": [
    "test/control/rollout/automatic-start.test.ts",
    "what it sees and writes is what begins a rollout there",
  ],
  "control/rollout/begin-rollout.ts": [ROLLOUTS, "each way in which it refuses is one there"],
  "control/rollout/is-shown.ts": [
    "test/control/rollout/reconcile.test.ts",
    "one comparison: what follows from it, and what does not, is decided there",
  ],
  "control/rollout/seen-versions.ts": [
    "test/control/rollout/automatic-start.test.ts",
    "a list whose only use is that nothing begins twice there",
  ],
  "control/rollout/others-asked.ts": ["test/control/rollout/hooks.test.ts", "one list"],
  "control/rollout/rollout-asking.ts": [ROLLOUTS, "what it names and refuses is asked for there"],
  "control/rollout/siblings.ts": ["test/control/rollout/group.test.ts", "what a group knows"],
  "control/rollout/kept-list.ts": [
    "test/control/rollout/freezes.test.ts",
    "a list is right for what is kept in it",
  ],
  "control/rollout/leader.ts": [ROLLOUTS, "a constant: who leads where nobody else can"],
  "control/rollout/look-entry.ts": [REPLAY, "right is what decides the same again"],
  "control/rollout/look-entry-schema.ts": [REPLAY, "reads what is decided again there"],
  "control/rollout/rollout-errors.ts": [
    "test/control/api/rollout-routes.test.ts",
    "words for refusals, each of which is provoked there",
  ],
  "control/rollout/rollout-schema.ts": [
    "test/control/api/rollout-routes.test.ts",
    "a body is right or wrong where it is sent",
  ],
  "control/rollout/rollout-table.ts": [ROLLOUTS, "what it writes shows in a real table there"],
  "control/rollout/rollout-ward.ts": [
    "test/control/rollout/rollout-keeper.test.ts",
    "the keeper gives it to the table, whose writes it refuses there",
  ],
  "control/sidecar/open-gate.ts": [
    "test/integration/api-tls.test.ts",
    "what it opens makes sense only in front of an API",
  ],
  "control/config/route-path.ts": [
    "test/control/config/route-schema.test.ts",
    "a path of a route, which is tried there in every wrong form",
  ],
  "control/views/policy-metrics.ts": [
    "test/control/views/metrics.test.ts",
    "what matters is that page, sources and output name the same",
  ],
  "control/views/metric-series.ts": [
    "test/control/views/metrics.test.ts",
    "what it adds is lines of one text, which is compared as a whole",
  ],
  "control/views/table-metrics.ts": [
    "test/control/views/metrics.test.ts",
    "what it adds is lines of one text, which is compared as a whole",
  ],
  "control/views/tunnel-metrics.ts": [
    "test/control/views/metrics.test.ts",
    "what it adds is lines of one text, which is compared as a whole",
  ],
  "control/store/memory-documents.ts": [
    "test/control/store/file-documents.test.ts",
    "all places for documents are tried there alike",
  ],
  "proxy/base/tls-ciphers.ts": [
    "test/control/api/api-tls.test.ts",
    "a list, which the handshakes there try",
  ],
  "proxy/exchange/attempts.ts": [
    "test/proxy/exchange/exchange.test.ts",
    "the loop of an exchange, which is tried whole over its ports",
  ],
  "proxy/exchange/forward-request.ts": [
    "test/proxy/exchange/exchange.test.ts",
    "the way of an exchange's bytes there, which is tried whole over its ports",
  ],
  "proxy/exchange/forward-response.ts": [
    "test/proxy/exchange/exchange.test.ts",
    "the way of an exchange's bytes back, which is tried whole over its ports",
  ],
  "proxy/exchange/nobody.ts": [
    "test/proxy/clients/exchange-store.test.ts",
    "does nothing; that an exchange given back holds no client shows there",
  ],
  "proxy/filters/field-rules.ts": [
    "test/proxy/filters/head-editor.test.ts",
    "rules for what a filter's author writes, tried through what authors use",
  ],
  "proxy/filters/filter-module.ts": [
    "test/proxy/filters/filters.test.ts",
    "a module is something only once it is loaded",
  ],
  "proxy/filters/head-draft.ts": [
    "test/proxy/filters/filter-chain.test.ts",
    "a draft is what hooks have made of it",
  ],
  "proxy/filters/loaded-filter.ts": [
    "test/proxy/filters/filters.test.ts",
    "calls an author's hooks, which the modules there are",
  ],
  "proxy/hand-over/adoption.ts": [
    "test/integration/swap.test.ts",
    "the new worker's half of a hand-over, which takes two processes",
  ],
  "proxy/exchange/connection-failures.ts": [
    "test/proxy/exchange/upstream-tls.test.ts",
    "what it is told by is a real handshake that fails",
  ],
  "proxy/exchange/kept-body.ts": [
    "test/proxy/exchange/exchange.test.ts",
    "what is kept shows in what is sent again, which is tried there at its limit",
  ],
  "control/api/shadow-route.ts": [
    "test/control/cli/shadow.test.ts",
    "a read that the command line shows as it is",
  ],
  "proxy/exchange/answer-tap.ts": [
    "test/proxy/exchange/answer-difference.test.ts",
    "what it has heard shows in what it differs from",
  ],
  "proxy/exchange/mirror-copy.ts": [
    "test/proxy/exchange/mirrors.test.ts",
    "one copy, which only whoever sends copies begins",
  ],
  "proxy/exchange/gate.ts": [
    "test/proxy/exchange/client-answer.test.ts",
    "asks one after the other what each has a test of its own, and the order shows in answers",
  ],
  "proxy/http1/chunk-scanner.ts": [
    "test/proxy/http1/body-scanner.test.ts",
    "rules for whole bodies, which are tried there cut anywhere",
  ],
  "proxy/http1/expect.ts": [HEADS, WHOLE_HEADS],
  "proxy/http1/limits.ts": [HEADS, "constants; heads at and above each are tried there"],
  "proxy/http1/max-forwards.ts": [HEADS, WHOLE_HEADS],
  "proxy/http1/request-host.ts": [HEADS, WHOLE_HEADS],
  "proxy/http1/request-line.ts": [HEADS, WHOLE_HEADS],
  "proxy/http1/upgrade.ts": [HEADS, WHOLE_HEADS],
  "proxy/http1/websocket.ts": [HEADS, WHOLE_HEADS],
  "proxy/http2/connection-core.ts": [
    "test/proxy/http2/connection.test.ts",
    "what the parts of one connection share makes sense only in a connection",
  ],
  "proxy/http2/counts.ts": [
    "test/proxy/http2/connection.test.ts",
    "numbers without behaviour; the connection adds to them",
  ],
  "proxy/http2/stream.ts": [
    "test/proxy/http2/connection.test.ts",
    "a stream does nothing without its connection",
  ],
  "proxy/http2/error-codes.ts": [
    "test/proxy/http2/reasons.test.ts",
    "numbers of an RFC; each reason's is compared there",
  ],
  "proxy/http2/hpack-tables.ts": [
    "test/proxy/http2/hpack-decoder.test.ts",
    "tables of an RFC, by which its examples are decoded there",
  ],
  "proxy/http2/limits.ts": [
    "test/proxy/http2/settings.test.ts",
    "constants, tried where they bound something",
  ],
  "proxy/metrics/stats.ts": [
    "test/proxy/metrics/version-counters.test.ts",
    "names, in an order that counters count by",
  ],
  "proxy/table/quota-tree.ts": [
    "test/proxy/table/quota-sequence.test.ts",
    "right is what makes the sequence right",
  ],
  "proxy/table/route-index.ts": [
    "test/proxy/table/service-table.test.ts",
    "right is what makes the choice of a route right",
  ],
  "proxy/table/route-table.ts": [
    "test/proxy/table/service-table.test.ts",
    "right is what makes the choice of a route right",
  ],
  "proxy/table/snapshot.ts": [
    "test/control/config/service-schema.test.ts",
    "types, and a bound that documents are held to",
  ],
  "proxy/transport/handle-transport.ts": [
    "test/proxy/transport/transport.test.ts",
    "one of the ways to make a transport, all of which are tried there alike",
  ],
  "proxy/transport/handle-writer.ts": [
    "test/proxy/transport/transport-relay.test.ts",
    "as the transports: all ways to write are tried there alike",
  ],
  "proxy/transport/open-transport.ts": [
    "test/proxy/transport/transport.test.ts",
    "chooses among the transports that are tried there",
  ],
  "proxy/transport/socket-transport.ts": [
    "test/proxy/transport/transport.test.ts",
    "one of the ways to make a transport, all of which are tried there alike",
  ],
  "proxy/transport/stream-handles.ts": [
    "test/integration/unknown-streams.test.ts",
    "finds what this Node has; without it, a process behaves as there",
  ],
  "proxy/transport/tls-handles.ts": [
    "test/proxy/transport/tls-handshake.test.ts",
    "calls of Node's own TLS: what they do shows in a handshake with another program",
  ],
  "proxy/transport/tls-socket-transport.ts": [
    "test/proxy/transport/transport.test.ts",
    "one of the ways to make a transport, all of which are tried there alike",
  ],
  "proxy/table/access-log-spec.ts": [
    "test/proxy/access-log/entry.test.ts",
    "a list of names, and types",
  ],
  "proxy/exchange/answer-note.ts": [
    "test/proxy/access-log/exchange-entry.test.ts",
    "what others have noted shows there",
  ],
  "proxy/exchange/witness.ts": [
    "test/proxy/access-log/exchange-entry.test.ts",
    "types, and who keeps them",
  ],
  "proxy/access-log/record-entries.ts": [
    "test/proxy/access-log/access-log.test.ts",
    "plain data from plain data, which shows in the lines",
  ],
  "proxy/clients/refused-head.ts": [
    "test/integration/access-log.test.ts",
    "tells three that count by themselves",
  ],
  "control/views/flow-metrics.ts": [
    "test/control/views/metrics.test.ts",
    "a part of one page, which is read there",
  ],
  "control/views/flow-totals.ts": [
    "test/control/views/metrics.test.ts",
    "sums, which show on the page",
  ],
  "control/views/sidecar-metrics.ts": [
    "test/control/views/metrics.test.ts",
    "a part of one page, which is read there",
  ],
  "control/cli/top.ts": [
    "test/integration/terminal.test.ts",
    "options from the command line to what runs there",
  ],
  "control/cli/until-interrupted.ts": [
    "test/integration/demo.test.ts",
    "signals of a process, and a reader that leaves",
  ],
  "proxy/worker.ts": ["test/integration/workers.test.ts", "the root of a process"],
};
