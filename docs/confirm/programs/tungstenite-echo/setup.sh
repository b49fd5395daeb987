#!/bin/sh
# Builds tokio-tungstenite's own examples/echo-server.rs, as published in the crate, into $1/bin.
set -e
mkdir -p "$1"
cargo install --quiet --locked --version 0.30.0 --root "$1" --example echo-server tokio-tungstenite
