#!/bin/sh
# Builds github.com/gorilla/websocket's own examples/chat, unchanged, into $1.
# Ping every 54 s, 512-byte limit, a queue of 256 messages a client, and who falls behind is dropped.
set -e
mkdir -p "$1"; cd "$1"
[ -f go.mod ] || go mod init lab >/dev/null 2>&1
go get github.com/gorilla/websocket@v1.5.3
source=$(go list -m -f '{{.Dir}}' github.com/gorilla/websocket)
cp "$source"/examples/chat/*.go .; chmod u+w ./*.go
go build -o chat .
