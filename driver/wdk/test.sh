#!/usr/bin/env bash
# Shows on Linux that driver/wdk works as far as that goes without the Windows Driver Kit: that the
# assertions hold against headers that stand in for the kit's, that every one of them can fail, and
# that the driver links against import libraries that stand in for the kit's.
#
# It shows nothing about Windows. Needs what `cargo xtask driver` needs, clang-19, libclang1-19
# and mingw-w64-common. Takes minutes, so it is not part of the gate: `bash driver/wdk/test.sh`.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target=x86_64-pc-windows-msvc
# Debian's compiler and the source of core, as in `cargo xtask driver`.
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
export LIBCLANG_PATH=${LIBCLANG_PATH:-/usr/lib/llvm-19/lib}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
sources=$(cd ../../xtask/src/layout && pwd)
failures=0

said() { [[ $1 == yes ]] && echo "ok: $2" || { echo "FAILED: $2"; failures=$((failures + 1)); }; }

# Builds the assertions against a header; what the compiler said is in $work/log.
check() {
    WEIR_WDK_STAND_IN=$1 /usr/bin/cargo check --locked --quiet --package weir-wdk-check \
        --no-default-features --target "$target" -Zbuild-std=core >"$work/log" 2>&1
}

# A stand-in in which one thing is otherwise. $1 is what, $2 the sed expression, $3 what the build
# has to name, $4 the file, windows.h where it is not named.
spoilt() {
    local file=${4:-windows.h}
    sed "s|#include \".*windows.h\"|#include \"windows.h\"|" check/stand-in/headers.h >"$work/headers.h"
    cp "$sources/windows.h" "$work/windows.h"
    sed -i -z -E "$2" "$work/$file"
    if cmp -s "$work/$file" "$sources/$file" 2>/dev/null; then
        said no "$1: nothing was spoilt"
    elif check "$work/headers.h"; then
        said no "$1: not noticed"
    else
        grep -q -F -- "$3" "$work/log" && said yes "$1" || { said no "$1: not named"; tail -5 "$work/log"; }
    fi
}

if check "$PWD/check/stand-in/headers.h"; then
    said yes "driver/nt agrees with the stand-in"
else
    said no "driver/nt agrees with the stand-in"
    cat "$work/log"
fi
asked=$(cat "$(ls -t "$CARGO_TARGET_DIR/$target"/debug/build/weir-wdk-check-*/out/assertions.rs | head -1)" |
    grep -c 'the headers say')
export WEIR_WDK_STAND_IN_OFF=1
check "$PWD/check/stand-in/headers.h" || true
unset WEIR_WDK_STAND_IN_OFF
noticed=$(grep -c 'evaluation panicked' "$work/log" || true)
[[ $asked -gt 300 && $noticed -eq $asked ]] && said yes "each of $asked numbers can fail" ||
    said no "of $asked numbers $noticed can fail"

spoilt "a field more" 's/(u32 numFilterConditions;\n    FWPS_)/u64 more; \1/' \
    'offsetof(FWPS_FILTER1, filterCondition)'
spoilt "a field of another size" 's/u16 weight;\n\} FWPM_SUBLAYER0/u16 weight; u64 more;\n} FWPM_SUBLAYER0/' \
    'sizeof(FWPM_SUBLAYER0)'
spoilt "two fields that changed places" 's/u32 rights;\n    u32 flags;/u32 flags;\n    u32 rights;/' \
    'offsetof(FWPS_CLASSIFY_OUT0, rights)'
spoilt "a field that is gone" 's/    u64 flowHandle;\n//' 'flowHandle'
spoilt "a constant" 's/(FWPS_LAYER_STREAM_V4) \(20\)/\1 (21)/' 'FWPS_LAYER_STREAM_V4' headers.h
spoilt "an enumeration" 's/CriticalWorkQueue, DelayedWorkQueue/DelayedWorkQueue, CriticalWorkQueue/' \
    'DelayedWorkQueue' headers.h
spoilt "a status" 's/(STATUS_DEVICE_BUSY \(\(NTSTATUS\)0x)80000011/\1C0000011/' \
    'STATUS_DEVICE_BUSY' headers.h
spoilt "a constant that is gone" 's/#define POOL_FLAG_NON_PAGED [^\n]*\n//' 'POOL_FLAG_NON_PAGED' headers.h
spoilt "an identifier" 's/0x3b89653c/0x3b89653d/' 'FWPM_LAYER_STREAM_V4' headers.h
spoilt "an argument of another size" 's/FwpsFlowAbort0\(u64\)/FwpsFlowAbort0(u32)/' 'FwpsFlowAbort0' headers.h
spoilt "an argument less" 's/(FwpsFlowRemoveContext0\(u64, u16), u32/\1/' 'FwpsFlowRemoveContext0' headers.h
spoilt "a result of another size" 's/u8 KeCancelTimer/u32 KeCancelTimer/' 'KeCancelTimer' headers.h
spoilt "a function that is gone" 's/void KeFlushQueuedDpcs\(void\);//' 'KeFlushQueuedDpcs' headers.h
spoilt "a callback" 's/(FLOW_DELETE_NOTIFY_FN0\)\(u16, u32), u64/\1, u32/' \
    'FWPS_CALLOUT_FLOW_DELETE_NOTIFY_FN0' headers.h

# The same questions to mingw-w64's headers, which are a transcription by others: kernel, event
# tracing and the filtering engine's management. They have no callouts, no registrar and no NDIS 6,
# so about half cannot be asked; none that can may be answered otherwise.
mingw=/usr/share/mingw-w64/include
if [[ -d $mingw/ddk ]]; then
    check "$PWD/check/stand-in/headers.h"
    sed -n -E \
        -e 's/^const _: .*assert!\(([0-9]+) (==|<=) [0-9]+u64, "(.*): the headers say .*/\2 \1 \3/p' \
        -e 's/^const _: .*assert!\(crate::.* == ([0-9]+)u64, "(.*): the headers say .*/== \1 \2/p' \
        "$(ls -t "$CARGO_TARGET_DIR/$target"/debug/build/weir-wdk-check-*/out/assertions.rs | head -1)" |
        while read -r how value what; do
            echo "_Static_assert($value ${how}ULL (unsigned long long)($what), \"$what\");"
        done | sed 's/ \(==\|<=\)ULL / \1 /' >"$work/asked.c"
    answered=$work/answered
    : >"$answered"
    for headers in "-I$mingw/ddk -include ntddk.h" \
        "-include windows.h -include evntprov.h -include fwptypes.h -include fwpmtypes.h"; do
        # shellcheck disable=SC2086 # several words on purpose
        clang-19 -target x86_64-w64-windows-gnu -isystem "$mingw" $headers -D_AMD64_ -w \
            -D_WIN32_WINNT=0x0A00 -DNTDDI_VERSION=0x0A000000 -fsyntax-only -ferror-limit=0 \
            "$work/asked.c" 2>"$work/log" || true
        grep -E 'asked.c:.*static assertion failed' "$work/log" >>"$work/otherwise" || true
        grep -oE "asked.c:[0-9]+:[0-9]+: error" "$work/log" | cut -d: -f2 | sort -u >"$work/cannot"
        seq "$(wc -l <"$work/asked.c")" | grep -v -x -F -f "$work/cannot" >>"$answered"
    done
    count=$(sort -u "$answered" | wc -l)
    if [[ -s $work/otherwise ]]; then
        said no "mingw-w64's headers say otherwise"
        cat "$work/otherwise"
    elif [[ $count -lt 200 ]]; then
        said no "mingw-w64's headers were asked for $count numbers only"
    else
        said yes "mingw-w64's headers agree on $count of $asked numbers"
    fi
else
    echo "skipped: no mingw-w64-common"
fi

# Import libraries in place of the kit's: what driver/nt declares, module by module, but for $2.
# Their modules are in capitals, so the image shows whose library was linked.
libraries() {
    mkdir -p "$1"
    local module
    for module in ntoskrnl.exe hal.dll fwpkclnt.sys netio.sys; do
        {
            echo "LIBRARY ${module^^}"
            echo EXPORTS
            awk -v module="$module" '
                /link\(name = "/ { split($0, parts, "\""); here = (parts[2] == module) }
                here && match($0, /fn [A-Za-z0-9]+\(/) { print substr($0, RSTART + 3, RLENGTH - 4) }
            ' ../nt/src/ffi/*.rs | grep -v -x -F "${2:-}" || true
        } >"$1/module.def"
        llvm-dlltool-19 -m i386:x86-64 -d "$1/module.def" -l "$1/${module%.*}.lib"
    done
}

libraries "$work/all"
libraries "$work/one-less" NmrDeregisterProvider
if WEIR_WDK_STAND_IN_LIBRARIES=$work/all CARGO_ENCODED_RUSTFLAGS=$(
    printf '%s\x1f' -Clinker-flavor=lld-link -Clinker=lld-link-19
    printf %s -Ctarget-feature=+crt-static
) /usr/bin/cargo build --locked --quiet --package weir-sys --profile driver --target "$target" \
    -Zbuild-std=core,compiler_builtins >"$work/log" 2>&1; then
    said yes "the driver links with the stand-in's libraries"
else
    said no "the driver links with the stand-in's libraries"
    cat "$work/log"
fi
image=$CARGO_TARGET_DIR/$target/driver/weir_sys.dll
judge() {
    /usr/bin/cargo run --locked --quiet --package weir-image -- "$image" "$1" >"$work/log" 2>&1
}
judge "$work/all" && said yes "it keeps every rule" || { said no "it keeps every rule"; cat "$work/log"; }
llvm-readobj-19 --coff-imports "$image" >"$work/imports"
grep -q 'Name: [a-z]' "$work/imports" && said no "every import is from the stand-in's libraries" ||
    said yes "every import is from the stand-in's libraries"
if judge "$work/one-less"; then
    said no "a function that no library has: not noticed"
else
    grep -q 'no library offers NmrDeregisterProvider' "$work/log" &&
        said yes "a function that no library has" || said no "a function that no library has: not named"
fi

echo "$failures failed"
[[ $failures -eq 0 ]]
