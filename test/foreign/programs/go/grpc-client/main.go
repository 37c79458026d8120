// grpc-client ADDRESS CASE...: the interoperability cases of grpc-go itself, one after the other.
// CA_FILE names the roots that it trusts; without it, it speaks in clear. A case that fails ends the
// process and says why.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testing "google.golang.org/grpc/interop/grpc_testing"
)

type call = func(context.Context, testing.TestServiceClient, ...grpc.CallOption)

var cases = map[string]call{
	"empty_unary":                 interop.DoEmptyUnaryCall,
	"large_unary":                 interop.DoLargeUnaryCall,
	"client_streaming":            interop.DoClientStreaming,
	"server_streaming":            interop.DoServerStreaming,
	"ping_pong":                   interop.DoPingPong,
	"empty_stream":                interop.DoEmptyStream,
	"custom_metadata":             interop.DoCustomMetadata,
	"status_code_and_message":     interop.DoStatusCodeAndMessage,
	"special_status_message":      interop.DoSpecialStatusMessage,
	"cancel_after_begin":          interop.DoCancelAfterBegin,
	"cancel_after_first_response": interop.DoCancelAfterFirstResponse,
	"timeout_on_sleeping_server":  interop.DoTimeoutOnSleepingServer,
}

func main() {
	security := insecure.NewCredentials()
	if file := os.Getenv("CA_FILE"); file != "" {
		var err error
		if security, err = credentials.NewClientTLSFromFile(file, "localhost"); err != nil {
			log.Fatal(err)
		}
	}
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(security))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx := context.Background()
	for _, name := range os.Args[2:] {
		switch name {
		case "unimplemented_method":
			interop.DoUnimplementedMethod(ctx, connection)
		case "unimplemented_service":
			interop.DoUnimplementedService(ctx, testing.NewUnimplementedServiceClient(connection))
		default:
			cases[name](ctx, testing.NewTestServiceClient(connection))
		}
		fmt.Println(name, "ok")
	}
}
