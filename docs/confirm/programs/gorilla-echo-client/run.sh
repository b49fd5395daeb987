#!/bin/sh
# ws://host:port/path -> -addr host:port
rest=${TARGET_URL#*://}
exec "$(dirname "$0")/client" -addr "${rest%%/*}"
