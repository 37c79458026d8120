// The OTLP receiver of OpenTelemetry's collector: takes spans by HTTP at the address that is its
// argument, and writes each as a line of JSON, its attributes by name, resource and all.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
)

func write(out *json.Encoder, resource map[string]any, span ptrace.Span) error {
	return out.Encode(map[string]any{
		"traceId":    span.TraceID().String(),
		"spanId":     span.SpanID().String(),
		"parentId":   span.ParentSpanID().String(),
		"traceState": span.TraceState().AsRaw(),
		"flags":      span.Flags(),
		"name":       span.Name(),
		"kind":       span.Kind().String(),
		"status":     span.Status().Code().String(),
		"nanos":      span.EndTimestamp() - span.StartTimestamp(),
		"began":      span.StartTimestamp().AsTime(),
		"attributes": span.Attributes().AsRaw(),
		"resource":   resource,
	})
}

func main() {
	out := json.NewEncoder(os.Stdout)
	take := func(_ context.Context, traces ptrace.Traces) error {
		for _, resource := range traces.ResourceSpans().All() {
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					if err := write(out, resource.Resource().Attributes().AsRaw(), span); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
	sink, err := consumer.NewTraces(take)
	if err != nil {
		log.Fatal(err)
	}
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	endpoint := map[string]any{"endpoint": os.Args[1]}
	written := map[string]any{"protocols": map[string]any{"http": endpoint}}
	if err := confmap.NewFromStringMap(written).Unmarshal(config); err != nil {
		log.Fatal(err)
	}
	settings := receiver.Settings{
		ID:                component.NewID(factory.Type()),
		TelemetrySettings: componenttest.NewNopTelemetrySettings(),
	}
	traces, err := factory.CreateTraces(context.Background(), settings, config, sink)
	if err != nil {
		log.Fatal(err)
	}
	if err := traces.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		log.Fatal(err)
	}
	log.Print("ready")
	select {}
}
