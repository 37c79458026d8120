package main

import (
	"fmt"
	"sync"
)

// ledger is what endpoints and clients have seen, so that nothing is lost, doubled or out of order.
type ledger struct {
	sync.Mutex
	seen       map[uint64]bool
	Unary      int            `json:"unary"`
	Streams    int            `json:"streams"`
	Messages   int            `json:"messages"`
	Gets       int            `json:"gets"`
	Dials      int            `json:"dials"`
	Versions   map[string]int `json:"versions"`
	Failed     int            `json:"failed"`
	Doubled    int            `json:"doubled"`
	Disordered int            `json:"disordered"`
	Failures   map[string]int `json:"failures"`
}

// What a report names of each: different failures are few, as they are counted by their text.
const failuresMax = 20

func newLedger() *ledger {
	return &ledger{
		seen:     map[uint64]bool{},
		Versions: map[string]int{},
		Failures: map[string]int{},
	}
}

// arrived notes that an endpoint of a version has been given a number, which is there once.
func (l *ledger) arrived(number uint64, version string) {
	l.Lock()
	defer l.Unlock()
	if l.seen[number] {
		l.Doubled++
	}
	l.seen[number] = true
	l.Versions[version]++
}

// dialled notes that a client of plain requests needed one more connection.
func (l *ledger) dialled() {
	l.Lock()
	defer l.Unlock()
	l.Dials++
}

// disorder notes that a stream's message did not follow the one before.
func (l *ledger) disorder() {
	l.Lock()
	defer l.Unlock()
	l.Disordered++
}

// ended counts what a client has done, or why it could not.
func (l *ledger) ended(count *int, what string, err error) {
	l.Lock()
	defer l.Unlock()
	if err == nil {
		*count++
		return
	}
	l.Failed++
	text := fmt.Sprintf("%s: %v", what, err)
	if len(l.Failures) < failuresMax || l.Failures[text] > 0 {
		l.Failures[text]++
	}
}
