package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	testing "google.golang.org/grpc/interop/grpc_testing"
)

// endpoint answers unary calls and messages of streams with what they bring, for one version.
type endpoint struct {
	testing.UnimplementedTestServiceServer
	version string
	ledger  *ledger
}

func (e *endpoint) UnaryCall(
	_ context.Context, request *testing.SimpleRequest,
) (*testing.SimpleResponse, error) {
	e.ledger.arrived(binary.BigEndian.Uint64(request.Payload.Body), e.version)
	return &testing.SimpleResponse{Payload: request.Payload, ServerId: e.version}, nil
}

func (e *endpoint) FullDuplexCall(stream testing.TestService_FullDuplexCallServer) error {
	for next := uint64(0); ; next++ {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		body := request.Payload.Body
		if next == 0 {
			e.ledger.arrived(binary.BigEndian.Uint64(body), e.version)
		}
		if binary.BigEndian.Uint64(body[8:]) != next {
			e.ledger.disorder()
		}
		response := &testing.StreamingOutputCallResponse{Payload: request.Payload}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
}

// ServeHTTP answers what is no gRPC: /NUMBER.
func (e *endpoint) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	number, _ := strconv.ParseUint(strings.TrimPrefix(request.URL.Path, "/"), 10, 64)
	e.ledger.arrived(number, e.version)
	fmt.Fprint(answer, number)
}

// start serves gRPC and other HTTP/2 at one port of 127.0.0.1, in clear, and returns the address.
func (e *endpoint) start() string {
	calls := grpc.NewServer()
	testing.RegisterTestServiceServer(calls, e)
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	protocols.SetHTTP1(true)
	handler := func(answer http.ResponseWriter, request *http.Request) {
		if strings.HasPrefix(request.Header.Get("content-type"), "application/grpc") {
			calls.ServeHTTP(answer, request)
			return
		}
		e.ServeHTTP(answer, request)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(handler), Protocols: &protocols}
	go func() { log.Fatal(server.Serve(listener)) }()
	return listener.Addr().String()
}
