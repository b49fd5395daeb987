// github.com/centrifugal/centrifuge (the library Centrifugo is made of) as its README's example, JSON over WebSocket, with
// history and recovery: a publication every 100 ms in the channel "ticks", to which the server subscribes each client.
// A publication carries its `offset`; `recover` with the last offset (in `subs` of the first message) replays.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/centrifugal/centrifuge"
)

func main() {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		log.Fatal(err)
	}
	node.OnConnecting(func(_ context.Context, _ centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{UserID: ""},
			Subscriptions: map[string]centrifuge.SubscribeOptions{"ticks": {EnableRecovery: true}},
		}, nil
	})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	go func() {
		for n := 1; ; n++ {
			_, _ = node.Publish("ticks", []byte(fmt.Sprintf(`{"tick":%d}`, n)), centrifuge.WithHistory(1000, time.Hour))
			time.Sleep(100 * time.Millisecond)
		}
	}()
	http.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT")}
	go func() {
		if err := server.ListenAndServe(); err != http.ErrServerClosed {
			log.Fatal(err)
		}
	}()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = node.Shutdown(ctx)
	_ = server.Shutdown(ctx)
}
