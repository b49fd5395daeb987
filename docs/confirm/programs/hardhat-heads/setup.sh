#!/bin/sh
# Installs hardhat into $1. `eth_subscribe newHeads` numbers its messages (a hexadecimal `number`) and replays nothing.
set -e
mkdir -p "$1"; cp "$(dirname "$0")"/*.cjs "$1"; cd "$1"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent hardhat@2.26.3
