import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { onSchemeChange } from "./colours.ts";
import { marksOf, MEASURES, PAST_MS, seriesOf } from "./past.ts";
import type { Measure } from "./past.ts";
import { Plot } from "./plot.ts";
import { lookOf } from "./share-bar.tsx";
import { eventsOf } from "./told-event.ts";
import { past, told } from "./world.ts";

const HEIGHT = 260;

const MEASURE_TEXTS: Readonly<Record<Measure, readonly [name: string, unit: string]>> = {
  rate: ["Requests a second", ""],
  errors: ["Errors", " %"],
  p99Ms: ["p99", " ms"],
};

type ChartProps = { readonly service: string; readonly versions: readonly string[] };

/** What versions got in the last quarter of an hour, and when something was changed. */
export function TrafficChart({ service, versions }: ChartProps): JSX.Element {
  const measure = useSignal<Measure>("rate");
  return (
    <section aria-labelledby="chart-title">
      <h2 id="chart-title">Last {PAST_MS / 60_000} minutes</h2>
      <div class="presets" role="group" aria-label="What the chart shows">
        {MEASURES.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === measure.value}
            onClick={() => (measure.value = each)}
          >
            {MEASURE_TEXTS[each][0]}
          </button>
        ))}
      </div>
      <Canvas service={service} versions={versions} measure={measure.value} />
      <ul class="legend">
        {versions.map((version) => (
          <li key={version}>
            <i class={`dash ${lookOf(versions, version)}`} /> {version}
          </li>
        ))}
        <li>
          <i class="dash mark" /> a change
        </li>
      </ul>
    </section>
  );
}

/** The chart itself. What it shows stands in the table and the list of changes, too. */
function Canvas(props: ChartProps & { readonly measure: Measure }): JSX.Element {
  const { service, versions, measure } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  const names = versions.join("\n");
  const moments = past.value.get(service) ?? [];
  const marks = marksOf(eventsOf(told.value, service));
  const show = (): void => plot.current?.show(seriesOf(moments, versions, measure), marks);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const make = (): void => {
      plot.current?.end();
      const [, unit] = MEASURE_TEXTS[measure];
      const size = { width: element.clientWidth, height: HEIGHT };
      plot.current = new Plot(element, { versions, unit, ...size });
      show();
    };
    make();
    const watch = new ResizeObserver(() => plot.current?.resize(element.clientWidth, HEIGHT));
    watch.observe(element);
    const leave = onSchemeChange(make);
    return () => {
      leave();
      watch.disconnect();
      plot.current?.end();
      plot.current = undefined;
    };
  }, [service, names, measure]);
  useEffect(show);
  const minutes = PAST_MS / 60_000;
  const label = `Chart of the last ${minutes} minutes; the table has the numbers of now`;
  return <div ref={place} class="chart" role="img" aria-label={label} />;
}
