// http2-origin PORT [CERT KEY]: an application of net/http of Go that speaks HTTP/2 alone, in clear
// or over TLS.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	http.HandleFunc("/hello", func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(answer, "hello")
	})
	http.HandleFunc("/echo", func(answer http.ResponseWriter, request *http.Request) {
		io.Copy(answer, request.Body)
	})
	http.HandleFunc("/trailers", func(answer http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
		answer.Header().Set("Trailer", "X-Seen")
		fmt.Fprint(answer, "with trailers")
		answer.Header().Set("X-Seen", request.Trailer.Get("X-Sent"))
	})
	http.HandleFunc("/teapot", func(answer http.ResponseWriter, _ *http.Request) {
		answer.WriteHeader(http.StatusTeapot)
		fmt.Fprint(answer, "short and stout")
	})
	http.HandleFunc("/number/", func(answer http.ResponseWriter, request *http.Request) {
		fmt.Fprintln(answer, strings.TrimPrefix(request.URL.Path, "/number/"))
	})
	http.HandleFunc("/version", func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(answer, "v1")
	})
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Addr: "127.0.0.1:" + os.Args[1], Protocols: &protocols}
	if len(os.Args) > 2 {
		log.Fatal(server.ListenAndServeTLS(os.Args[2], os.Args[3]))
	}
	log.Fatal(server.ListenAndServe())
}
