#!/bin/sh
# Builds main.go with github.com/centrifugal/centrifuge into $1.
set -e
mkdir -p "$1"; cp "$(dirname "$0")"/main.go "$1"; cd "$1"
[ -f go.mod ] || go mod init lab >/dev/null 2>&1
go get github.com/centrifugal/centrifuge@v0.33.0
go build -o server .
