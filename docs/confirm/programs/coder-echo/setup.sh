#!/bin/sh
# Builds main.go with github.com/coder/websocket into $1.
set -e
mkdir -p "$1"; cp "$(dirname "$0")"/main.go "$1"; cd "$1"
[ -f go.mod ] || go mod init lab >/dev/null 2>&1
go get github.com/coder/websocket@v1.8.15
go build -o server .
