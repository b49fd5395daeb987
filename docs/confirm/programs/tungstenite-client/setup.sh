#!/bin/sh
# Builds tokio-tungstenite's own examples/client.rs, as published in the crate, into $1/bin. It ends with its connection.
set -e
mkdir -p "$1"
cargo install --quiet --locked --version 0.30.0 --root "$1" --example client tokio-tungstenite
