#!/bin/sh
# Installs nodejs-websocket@1.7.2 into the directory $1.
set -e
mkdir -p "$1"; cp "$(dirname "$0")"/*.mjs "$1"; cd "$1"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent nodejs-websocket@1.7.2
