#!/bin/sh
# Builds src/main.rs with ezsockets into $1.
set -e
mkdir -p "$1"; cp -r "$(dirname "$0")"/Cargo.toml "$(dirname "$0")"/src "$1"; cd "$1"
cargo build --quiet --release
