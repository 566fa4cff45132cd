#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Compiles every program in this folder to OUT/NAME.o (default: obj/ beside this file).
#
#   build.sh [--out DIR] [NAME...]
#
# CLANG and LLVM_STRIP name other tools than those found; clang 14 is the oldest that works. The
# objects are committed, so they must not depend on where they are built: paths are mapped away and
# DWARF is removed, while BTF stays because loaders take the maps from it. Another version of clang
# may produce other bytes; the committed objects are built with clang 19.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
out=$here/obj
names=

while [ $# -gt 0 ]; do
    case $1 in
    --out)
        [ $# -ge 2 ] || { echo "build.sh: --out needs a directory" >&2; exit 2; }
        out=$2
        shift 2
        ;;
    -h | --help)
        sed -n '6,12s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    -*)
        echo "build.sh: unknown option $1" >&2
        exit 2
        ;;
    *)
        names="$names ${1%.c}"
        shift
        ;;
    esac
done

# Prints the first of the given commands that exists.
first_command() {
    for command in "$@"; do
        if command -v "$command" >/dev/null 2>&1; then
            echo "$command"
            return
        fi
    done
}

clang=${CLANG:-$(first_command clang-19 clang clang-20 clang-18 \
    clang-17 clang-16 clang-15 clang-14)}
strip=${LLVM_STRIP:-$(first_command llvm-strip-19 llvm-strip llvm-strip-20 llvm-strip-18 \
    llvm-strip-17 llvm-strip-16 llvm-strip-15 llvm-strip-14)}
if [ -z "$clang" ] || [ -z "$strip" ]; then
    echo "build.sh: clang and llvm-strip are needed" >&2
    echo "hint: install clang-19 and llvm-19, or set CLANG and LLVM_STRIP" >&2
    exit 1
fi
major=$("$clang" -dumpversion | cut -d. -f1)
if [ "$major" -lt 14 ]; then
    echo "build.sh: $clang is version $major, 14 is the oldest that works" >&2
    exit 1
fi

mkdir -p "$out"
out=$(CDPATH='' cd -- "$out" && pwd)
# The compiler runs here with relative names only, so that no file name differs between places.
cd "$here"
[ -n "$names" ] || names=$(for file in *.c; do echo "${file%.c}"; done)

for name in $names; do
    "$clang" -O2 -g -target bpf -mcpu=v3 -std=gnu11 -ffreestanding -nostdlib \
        -fno-ident "-ffile-prefix-map=$here=." "-fdebug-compilation-dir=." \
        -Wall -Wextra -Werror -I ../include -c "$name.c" -o "$out/$name.o"
    "$strip" --strip-debug "$out/$name.o"
    echo "$out/$name.o"
done
