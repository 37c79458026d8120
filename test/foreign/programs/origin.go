// origin PORT: an application of net/http of Go.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(answer, "hello")
	})
	http.HandleFunc("/length", func(answer http.ResponseWriter, request *http.Request) {
		length, err := io.Copy(io.Discard, request.Body)
		if err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprint(answer, length)
	})
	// Answers without reading the body.
	http.HandleFunc("/refuse", func(answer http.ResponseWriter, _ *http.Request) {
		http.Error(answer, "who are you?", http.StatusUnauthorized)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
