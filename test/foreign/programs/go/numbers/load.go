package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	testing "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

const (
	connections       = 4
	unaryPerConn      = 4
	streamsPerConn    = 4
	getsPerConn       = 4
	messagesPerStream = 20
	// Between two steps of one worker: the load is to be there, and not to take the processors.
	pause = 4 * time.Millisecond
	// A call that takes longer has failed.
	patience = 20 * time.Second
)

// load sends numbers to addresses, any of which will do, until it is told to stop.
type load struct {
	ledger    *ledger
	addresses []string
	roots     *x509.CertPool
	last      atomic.Uint64
	over      atomic.Bool
	workers   sync.WaitGroup
}

func (l *load) start() {
	for range connections {
		calls := testing.NewTestServiceClient(l.dialGrpc())
		client := l.httpClient()
		for range unaryPerConn {
			l.worker(&l.ledger.Unary, "unary", func(ctx context.Context) error {
				return l.unary(ctx, calls)
			})
		}
		for range streamsPerConn {
			l.worker(&l.ledger.Streams, "stream", func(ctx context.Context) error {
				return l.stream(ctx, calls)
			})
		}
		for range getsPerConn {
			l.worker(&l.ledger.Gets, "get", func(ctx context.Context) error {
				return l.get(ctx, client)
			})
		}
	}
}

// stop lets everything under way come to its end.
func (l *load) stop() {
	l.over.Store(true)
	l.workers.Wait()
}

func (l *load) worker(count *int, what string, step func(context.Context) error) {
	l.workers.Go(func() {
		for !l.over.Load() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			l.ledger.ended(count, what, step(ctx))
			cancel()
			time.Sleep(pause)
		}
	})
}

func (l *load) dialGrpc() *grpc.ClientConn {
	security := insecure.NewCredentials()
	if l.roots != nil {
		security = credentials.NewClientTLSFromCert(l.roots, "localhost")
	}
	addresses := make([]resolver.Address, len(l.addresses))
	for place, address := range l.addresses {
		addresses[place] = resolver.Address{Addr: address}
	}
	known := manual.NewBuilderWithScheme("numbers")
	known.InitialState(resolver.State{Addresses: addresses})
	connection, err := grpc.NewClient("numbers:///localhost",
		grpc.WithTransportCredentials(security),
		grpc.WithResolvers(known),
		// An address that restarts is dialled again soon.
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: time.Second}),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	if err != nil {
		panic(err)
	}
	return connection
}

// httpClient dials the next address where one refuses.
func (l *load) httpClient() *http.Client {
	var turn atomic.Uint64
	var dialer net.Dialer
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		first := turn.Add(1)
		var failures error
		for place := range l.addresses {
			address := l.addresses[(first+uint64(place))%uint64(len(l.addresses))]
			connection, err := dialer.DialContext(ctx, network, address)
			if err == nil {
				l.ledger.dialled()
				return connection, nil
			}
			failures = errors.Join(failures, err)
		}
		return nil, failures
	}
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{
		DialContext:     dial,
		Protocols:       &protocols,
		TLSClientConfig: &tls.Config{RootCAs: l.roots, ServerName: "localhost"},
	}}
}

func (l *load) next() uint64 {
	return l.last.Add(1)
}

func (l *load) unary(ctx context.Context, calls testing.TestServiceClient) error {
	body := binary.BigEndian.AppendUint64(nil, l.next())
	request := &testing.SimpleRequest{Payload: &testing.Payload{Body: body}}
	response, err := calls.UnaryCall(ctx, request)
	if err == nil && !bytes.Equal(response.Payload.Body, body) {
		return fmt.Errorf("another call's answer")
	}
	return err
}

// stream sends a message when the one before has come back.
func (l *load) stream(ctx context.Context, calls testing.TestServiceClient) error {
	stream, err := calls.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	start := binary.BigEndian.AppendUint64(nil, l.next())
	for number := range uint64(messagesPerStream) {
		body := binary.BigEndian.AppendUint64(start[:8:8], number)
		request := &testing.StreamingOutputCallRequest{Payload: &testing.Payload{Body: body}}
		if err := stream.Send(request); err != nil && err != io.EOF {
			return err
		}
		response, err := stream.Recv()
		if err != nil {
			return fmt.Errorf("at message %d: %w", number, err)
		}
		if !bytes.Equal(response.Payload.Body, body) {
			l.ledger.disorder()
		}
		l.ledger.Lock()
		l.ledger.Messages++
		l.ledger.Unlock()
		time.Sleep(pause)
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if _, err := stream.Recv(); err != io.EOF {
		return fmt.Errorf("at the end: %v", err)
	}
	return nil
}

func (l *load) get(ctx context.Context, client *http.Client) error {
	scheme := "http"
	if l.roots != nil {
		scheme = "https"
	}
	number := l.next()
	url := fmt.Sprintf("%s://localhost/%d", scheme, number)
	request, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && string(body) != fmt.Sprint(number) {
		return fmt.Errorf("%s %d %.80s", response.Proto, response.StatusCode, body)
	}
	return err
}
