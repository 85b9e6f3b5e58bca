#!/usr/bin/env bash
# Installs the Debian packages of tools/packages.txt that are not there yet. Asks dpkg first, so that a second run takes
# no time, needs no network and no rights.
#
#   tools/install_packages.sh [SECTION...]     sections of packages.txt; without one: build run
set -euo pipefail
# shellcheck source=tools/steps.sh
. "$(dirname "$0")/steps.sh"

list=$ATTUNE_ROOT/tools/packages.txt

# packages_of SECTION: the names that stand under [SECTION].
packages_of() {
  awk -v wanted="[$1]" '
    /^[[:space:]]*(#|$)/ { next }
    /^\[/ { inside = ($1 == wanted); found = found || inside; next }
    inside { print $1 }
    END { exit !found }' "$list"
}

# A program of that name counts as well: Node.js from elsewhere brings its own npm and refuses Debian's.
is_installed() {
  command -v "$1" >/dev/null && return
  dpkg-query --show --showformat='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

require_debian() {
  if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then return; fi
  complain "This script installs packages on Debian 12; there is no apt-get here."
  complain "Install what $list names with your own package manager, then run: cmake --preset release && cmake --build --preset release"
  exit 1
}

# FAISS is many times slower on the reference BLAS. Debian picks OpenBLAS by itself; only a choice made by
# hand can stand in the way, and that one is the operator's to change.
warn_about_slow_blas() {
  local blas
  blas=$(readlink -f "/usr/lib/$(uname -m)-linux-gnu/libblas.so.3" 2>/dev/null || true)
  if [[ -n $blas && $blas != *openblas* ]]; then
    complain "Note: libblas.so.3 is $blas, not OpenBLAS; indexing will be slow."
    complain "      To change it: update-alternatives --config libblas.so.3-$(uname -m)-linux-gnu"
  fi
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    complain "Packages are missing and this is neither root nor a user with sudo. As root, run:"
    complain "  apt-get install --no-install-recommends ${missing[*]}"
    exit 1
  fi
}

require_debian
sections=("$@")
if ((${#sections[@]} == 0)); then sections=(build run); fi

missing=()
for section in "${sections[@]}"; do
  if ! names=$(packages_of "$section"); then
    complain "tools/packages.txt has no section [$section]"
    exit 2
  fi
  for name in $names; do
    is_installed "$name" || missing+=("$name")
  done
done

if ((${#missing[@]} > 0)); then
  say "Installing ${#missing[@]} packages: ${missing[*]}"
  install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}")
  # The package lists are fetched only when there are none, or when the first try shows that they are old.
  if ! compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null; then as_root apt-get update -q </dev/null; fi
  if ! as_root "${install[@]}" </dev/null; then
    as_root apt-get update -q </dev/null
    as_root "${install[@]}" </dev/null
  fi
fi
warn_about_slow_blas
