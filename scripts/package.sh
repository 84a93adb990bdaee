#!/usr/bin/env bash
# Builds the functions for Lambda and zips them reproducibly: the same sources give the same bytes, so that
# Terraform redeploys a function only when it changed.
#
#   scripts/package.sh [--arch arm64|x86_64] [--out DIR] [function…]
#
# Without a function all are built. The packages land in target/lambda-packages/<arch>/, where Terraform looks.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

usage() {
    sed -n '2,7s/^# \{0,1\}//p' "$root/scripts/package.sh"
}

die() {
    echo "package.sh: $*" >&2
    exit 1
}

arch=arm64
out=
functions=()
while [ $# -gt 0 ]; do
    case "$1" in
        --arch) arch=${2:?--arch needs arm64 or x86_64}; shift 2 ;;
        --out) out=${2:?--out needs a folder}; shift 2 ;;
        -h | --help) usage; exit 0 ;;
        -*) usage >&2; die "unknown option $1" ;;
        *) functions+=("$1"); shift ;;
    esac
done

case "$arch" in
    arm64) target=aarch64-unknown-linux-gnu ;;
    x86_64) target=x86_64-unknown-linux-gnu ;;
    *) die "--arch must be arm64 or x86_64, not $arch" ;;
esac
out=${out:-target/lambda-packages/$arch}

if [ ${#functions[@]} -eq 0 ]; then
    for manifest in functions/*/Cargo.toml; do
        functions+=("$(basename "$(dirname "$manifest")")")
    done
fi
for function in "${functions[@]}"; do
    [ -f "functions/$function/Cargo.toml" ] || die "there is no function $function; there are: $(cd functions && echo *)"
done

# --- Tools ------------------------------------------------------------------------------------------------------------

command -v cargo >/dev/null || die "cargo is missing. Install Rust with rustup: https://rustup.rs"
command -v python3 >/dev/null || die "python3 is missing: it zips the packages, and installs cargo-lambda and zig"
[ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] ||
    die "Rust cannot build for $arch yet. Run: rustup target add $target (or choose --arch of this machine)"

venv="$root/target/package-tools"
requirements="$root/scripts/requirements/package.txt"
if ! cmp -s "$requirements" "$venv/installed.txt"; then
    echo "installing cargo-lambda and zig into ${venv#"$root"/}" >&2
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$requirements"
    cp "$requirements" "$venv/installed.txt"
fi
export PATH="$venv/bin:$PATH"

# --- Build ------------------------------------------------------------------------------------------------------------

# Where the sources lie on this machine would otherwise stand in every panic message, and make each machine's bytes its own.
export RUSTFLAGS="--remap-path-prefix=$root=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo ${RUSTFLAGS:-}"

# The EC2 SDK is larger than everything else together; functions that need it have a profile of their own (see Cargo.toml).
light=() ec2=()
for function in "${functions[@]}"; do
    if grep -q '^nightjar-ec2[. ]' "functions/$function/Cargo.toml"; then
        ec2+=(--package "nightjar-$function")
    else
        light+=(--package "nightjar-$function")
    fi
done

binaries="$root/target/lambda/$arch"
build() {
    local profile=$1
    shift
    cargo lambda build --locked --profile "$profile" --target "$target" --lambda-dir "$binaries" --bins "$@" >&2
}
[ ${#light[@]} -eq 0 ] || build release "${light[@]}"
[ ${#ec2[@]} -eq 0 ] || build release-ec2 "${ec2[@]}"

# --- Zip --------------------------------------------------------------------------------------------------------------

for function in "${functions[@]}"; do
    # Nothing unwinds where a panic ends the process, and a backtrace without symbols tells nobody anything: the message names the line.
    python3 scripts/reproducible_zip.py --without-unwind-tables "$binaries/$function/bootstrap" "$out/$function.zip"
done
