#!/bin/sh
# Compiles src/ with Java-WebSocket (Maven) into $1.
set -e
mkdir -p "$1"; cp -r "$(dirname "$0")"/pom.xml "$(dirname "$0")"/src "$1"; cd "$1"
mvn -q -B compile dependency:copy-dependencies
