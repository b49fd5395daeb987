#!/bin/sh
# Builds github.com/gorilla/websocket's own examples/echo/client.go, unchanged, into $1. It sends the time every second
# and ends with its connection. It takes host:port by flag, so a shell hands TARGET_URL's over.
set -e
mkdir -p "$1"; cp "$(dirname "$0")"/run.sh "$1"; cd "$1"
[ -f go.mod ] || go mod init lab >/dev/null 2>&1
go get github.com/gorilla/websocket@v1.5.3
source=$(go list -m -f '{{.Dir}}' github.com/gorilla/websocket)
cp "$source/examples/echo/client.go" client.go; chmod u+w client.go
go build -o client client.go
