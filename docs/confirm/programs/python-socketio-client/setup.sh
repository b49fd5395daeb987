#!/bin/sh
# Installs python-socketio==5.18.1 websocket-client==1.9.2 into a virtual environment in the directory $1.
set -e
mkdir -p "$1"; cp "$(dirname "$0")"/*.py "$1"; cd "$1"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-socketio==5.18.1 websocket-client==1.9.2
