#!/bin/sh
# install.sh SOURCE DIRECTORY - meson install runs it. DESTDIR stands before the directory, as ever.
set -eu

if [ ! -d "$1/node_modules" ]; then
	echo "the web page is left out: its libraries are missing; run \"npm ci --omit=dev\" in $1, then" \
		"install again" >&2
	exit 0
fi
mkdir -p "${DESTDIR:-}$2"
exec sh "$1/collect.sh" "$1" "${DESTDIR:-}$2"
