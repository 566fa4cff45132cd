#!/usr/bin/env bash
# The linker of `cargo xtask driver`: lld, told nothing that differs from one build to the next.
#
# lld writes its arguments and folder into the PDB, and the PDB's identity, a hash, into the image.
# rustc names a folder for its own inputs at random; here it gets a fixed name, and everything under
# the target directory a relative one.
set -euo pipefail
cd "$WEIR_TARGET_DIR"

arguments=()
for argument; do
    argument=${argument//"$WEIR_TARGET_DIR/"/}
    if [[ $argument =~ ^(/DEF:)?(.*/)rustc[A-Za-z0-9]{6}/([^/]+)$ ]]; then
        folder=${BASH_REMATCH[2]}link
        mkdir -p "$folder"
        cp "${argument#/DEF:}" "$folder/${BASH_REMATCH[3]}"
        argument=${BASH_REMATCH[1]}$folder/${BASH_REMATCH[3]}
    fi
    arguments+=("$argument")
done
exec /usr/bin/lld-link-19 "${arguments[@]}"
