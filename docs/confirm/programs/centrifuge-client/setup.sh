#!/bin/sh
# Installs centrifuge@5.8.0 ws@8.23.0 into the directory $1.
set -e
mkdir -p "$1"; cp "$(dirname "$0")"/*.mjs "$1"; cd "$1"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent centrifuge@5.8.0 ws@8.23.0
