// client BYTES COUNT URL...: as client.py, by net/http of Go.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func send(url string, size int) string {
	client := &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	request, err := http.NewRequest("GET", url, nil)
	if size > 0 {
		body := bytes.Repeat([]byte("x"), size)
		request, err = http.NewRequest("POST", url, bytes.NewReader(body))
	}
	if err != nil {
		return err.Error()
	}
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err.Error()
	}
	return strconv.Itoa(response.StatusCode)
}

func main() {
	size, _ := strconv.Atoi(os.Args[1])
	count, _ := strconv.Atoi(os.Args[2])
	for _, url := range os.Args[3:] {
		for sent := 0; sent < count; sent++ {
			fmt.Println(strings.ReplaceAll(send(url, size), "\n", " "))
		}
	}
}
