#!/bin/sh
# Installs eventlet into a virtual environment in $1 and takes examples/websocket.py out of its source
# distribution as it is, but for the port. Its /data handler only ever sends: nobody reads, so nobody answers a ping.
set -e
mkdir -p "$1"; cd "$1"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check eventlet==0.41.3 hatchling hatch-vcs
venv/bin/pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --no-build-isolation -d . eventlet==0.41.3
tar xzf eventlet-0.41.3.tar.gz --strip-components=2 eventlet-0.41.3/examples/websocket.py
sed -i "s/('127.0.0.1', 7000)/('127.0.0.1', int(os.environ['PORT']))/" websocket.py
