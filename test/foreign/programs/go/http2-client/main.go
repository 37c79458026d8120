// http2-client URL: what every client of these tests does, by net/http of Go. In clear it knows
// beforehand that the other side speaks HTTP/2. CA_FILE names the roots that it trusts over TLS.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	largeBytes    = 3 << 20
	parallel      = 32
	shiftRequests = 600
	shiftStreams  = 8
)

var base = os.Args[1]
var client = &http.Client{Timeout: 30 * time.Second, Transport: transport()}

func transport() *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	roots := x509.NewCertPool()
	if pem, err := os.ReadFile(os.Getenv("CA_FILE")); err == nil {
		roots.AppendCertsFromPEM(pem)
	}
	return &http.Transport{
		Protocols:       &protocols,
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"},
	}
}

// send returns the response, read whole, as "VERSION STATUS BODY".
func send(request *http.Request) (string, *http.Response, error) {
	response, err := client.Do(request)
	if err != nil {
		return "", nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("%d %d %s", response.ProtoMajor, response.StatusCode, body), response, nil
}

func get(path string) (string, error) {
	request, err := http.NewRequest("GET", base+path, nil)
	if err != nil {
		return "", err
	}
	text, _, err := send(request)
	return text, err
}

func post(body []byte) (string, error) {
	request, err := http.NewRequest("POST", base+"/echo", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	text, _, err := send(request)
	return text, err
}

func large() (string, error) {
	body := make([]byte, largeBytes)
	for i := range body {
		body[i] = byte((i * 31) ^ (i >> 8))
	}
	text, err := post(body)
	if err != nil {
		return "", err
	}
	echoed, isWell := strings.CutPrefix(text, "2 200 ")
	return fmt.Sprintf("2 200 same: %t", isWell && echoed == string(body)), nil
}

// trailers sends one and prints what the origin says of it in its own.
func trailers() (string, error) {
	request, err := http.NewRequest("POST", base+"/trailers", io.NopCloser(strings.NewReader("x")))
	if err != nil {
		return "", err
	}
	request.Header.Set("TE", "trailers")
	request.Trailer = http.Header{"X-Sent": {"by the client"}}
	text, response, err := send(request)
	if err != nil {
		return "", err
	}
	return text + " | " + response.Trailer.Get("X-Seen"), nil
}

// many sends requests over a number of streams; right is what each has to come to.
func many(count, streams int, path func(int) string, isRight func(int, string) bool) (string, error) {
	numbers := make(chan int)
	wrong := make(chan string, count)
	var streamsOpen sync.WaitGroup
	for range streams {
		streamsOpen.Go(func() {
			for number := range numbers {
				if text, err := get(path(number)); err != nil || !isRight(number, text) {
					wrong <- fmt.Sprint(number, " ", text, " ", err)
				}
			}
		})
	}
	for number := range count {
		numbers <- number
	}
	close(numbers)
	streamsOpen.Wait()
	close(wrong)
	for text := range wrong {
		return "", fmt.Errorf("%d wrong, one of them: %s", len(wrong)+1, text)
	}
	return fmt.Sprintf("%d right", count), nil
}

func main() {
	show := func(name string, text string, err error) {
		if err != nil {
			text = "failed: " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Printf("%s: %s\n", name, text)
	}
	text, err := get("/hello")
	show("get", text, err)
	text, err = post([]byte("a small body"))
	show("post", text, err)
	text, err = large()
	show("large", text, err)
	text, err = trailers()
	show("trailers", text, err)
	text, err = get("/teapot")
	show("error", text, err)
	text, err = many(parallel, parallel,
		func(number int) string { return fmt.Sprintf("/number/%d", number) },
		func(number int, text string) bool { return text == fmt.Sprintf("2 200 %d\n", number) })
	show("parallel", text, err)
	text, err = many(shiftRequests, shiftStreams,
		func(int) string { return "/version" },
		func(_ int, text string) bool { return text == "2 200 v1" || text == "2 200 v2" })
	show("shift", text, err)
}
