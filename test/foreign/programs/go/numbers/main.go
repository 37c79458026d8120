// numbers: a load of gRPC calls, streams and other requests of HTTP/2 with the two endpoints that it
// is for, so that one process knows whether anything is lost, doubled or out of order.
//
// It prints the addresses of its endpoints, v1 and v2, and reads the addresses to send to, with
// spaces between. Then it prints a report for each line that it reads; with `stop`, it lets
// everything under way end first, and ends. CA_FILE names the roots that it trusts; without it, it
// speaks in clear.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

func main() {
	book := newLedger()
	v1 := &endpoint{version: "v1", ledger: book}
	v2 := &endpoint{version: "v2", ledger: book}
	fmt.Println(v1.start(), v2.start())
	lines := bufio.NewScanner(os.Stdin)
	lines.Scan()
	sending := &load{ledger: book, addresses: strings.Fields(lines.Text())}
	if pem, err := os.ReadFile(os.Getenv("CA_FILE")); err == nil {
		sending.roots = x509.NewCertPool()
		sending.roots.AppendCertsFromPEM(pem)
	}
	sending.start()
	for lines.Scan() {
		isOver := lines.Text() == "stop"
		if isOver {
			sending.stop()
		}
		book.Lock()
		text, _ := json.Marshal(book)
		book.Unlock()
		fmt.Println(string(text))
		if isOver {
			return
		}
	}
}
