// recws as its examples/basic.go shows: KeepAliveTimeout of 10 s, and the defaults beside it: 2 s x 1.5 up to 30 s, with
// jitter. Two things differ: it does not stop after 2 s, and it rests 50 ms where the example spins while disconnected.
package main

import (
	"log"
	"os"
	"time"

	"github.com/recws-org/recws"
)

func main() {
	ws := recws.RecConn{KeepAliveTimeout: 10 * time.Second}
	ws.Dial(os.Getenv("TARGET_URL"), nil)
	for {
		if !ws.IsConnected() {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if err := ws.WriteMessage(1, []byte("Incoming")); err != nil {
			log.Printf("Error: WriteMessage %s", ws.GetURL())
			continue
		}
		_, message, err := ws.ReadMessage()
		if err != nil {
			log.Printf("Error: ReadMessage %s", ws.GetURL())
			continue
		}
		log.Printf("Success: %s", message)
	}
}
