#!/bin/sh
# Builds github.com/gorilla/websocket's own examples/echo/server.go, unchanged, into $1.
set -e
mkdir -p "$1"; cd "$1"
[ -f go.mod ] || go mod init lab >/dev/null 2>&1
go get github.com/gorilla/websocket@v1.5.3
source=$(go list -m -f '{{.Dir}}' github.com/gorilla/websocket)
cp "$source/examples/echo/server.go" server.go; chmod u+w server.go
go build -o server server.go
