#!/bin/sh
# collect.sh SOURCE DESTINATION - the web page as the manager serves it: the modules of this folder as
# they are written, and the libraries under vendor/. Nothing is compiled or bundled; the one thing that
# changes is the bare name "preact" in its own hooks, which browsers cannot resolve.
set -eu

source=$1 destination=$2 modules=$1/node_modules

for file in preact/dist/preact.module.js preact/hooks/dist/hooks.module.js \
	htm/dist/htm.module.js uplot/dist/uPlot.esm.js uplot/dist/uPlot.min.css; do
	[ -f "$modules/$file" ] || {
		echo "$modules/$file is missing: run \"npm ci\" in $source" >&2
		exit 1
	}
done

rm -rf "$destination.new"
mkdir -p "$destination.new/ui" "$destination.new/pages" "$destination.new/vendor"
cp "$source"/*.html "$source"/*.css "$source"/*.js "$source"/*.svg "$destination.new/"
cp "$source"/ui/*.js "$destination.new/ui/"
cp "$source"/pages/*.js "$destination.new/pages/"

vendor=$destination.new/vendor
sed '/^\/\/# sourceMappingURL=/d' "$modules/preact/dist/preact.module.js" >"$vendor/preact.js"
sed -e '/^\/\/# sourceMappingURL=/d' -e 's|from"preact"|from"./preact.js"|' \
	"$modules/preact/hooks/dist/hooks.module.js" >"$vendor/hooks.js"
cp "$modules/htm/dist/htm.module.js" "$vendor/htm.js"
cp "$modules/uplot/dist/uPlot.esm.js" "$vendor/uplot.js"
cp "$modules/uplot/dist/uPlot.min.css" "$vendor/uplot.css"
chmod -R u=rwX,go=rX "$destination.new"

# In one step, so that a manager that starts now finds all files of one version.
rm -rf "$destination.old"
[ ! -e "$destination" ] || mv "$destination" "$destination.old"
mv "$destination.new" "$destination"
rm -rf "$destination.old"
