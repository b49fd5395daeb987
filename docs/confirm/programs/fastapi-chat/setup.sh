#!/bin/sh
# Installs fastapi==0.165.0 uvicorn==0.54.0 websockets==17.4 into a virtual environment in the directory $1.
set -e
mkdir -p "$1"; cp "$(dirname "$0")"/*.py "$1"; cd "$1"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check fastapi==0.165.0 uvicorn==0.54.0 websockets==17.4
