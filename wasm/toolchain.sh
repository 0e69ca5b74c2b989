#!/bin/sh
# toolchain.sh - finds the tools a target needs, installs Debian's packages for what is missing, or says in
# one line what to install. It changes nothing where everything is there.
#
# usage: toolchain.sh [wasm|native|node|npm|browsers|models ...]     wasm: emcc (an emsdk on PATH is used as
# it is), native: cc and clang (sanitizers), node: Node ≥ 18, npm: the test tools of package.json, browsers:
# Chromium, Firefox, WebKit, models: python3 with pip. SKIP_BROWSERS=1 leaves the browsers out.
set -eu

have() { command -v "$1" > /dev/null 2>&1; }
tool() { # tool COMMAND PACKAGE...: remembers the packages if the command is missing
  if ! have "$1"; then shift; packages="$packages $*"; fi
}

# The distribution's node is enough (18 in Debian 12); an older one on PATH is not.
tool_node() {
  if have node; then
    major=$(node -p 'process.versions.node.split(".")[0]')
    if [ "$major" -lt 18 ]; then
      echo "toolchain: node $(node --version) is too old, put Node 18 or later on PATH" >&2
      exit 1
    fi
  else
    packages="$packages nodejs"
  fi
}

packages=
for target in "$@"; do
  case $target in
    wasm) tool emcc emscripten ;;
    native) tool cc gcc libc6-dev; tool clang clang; tool clang-format clang-format ;;
    node) tool_node ;;
    npm) tool_node; tool npm npm ;;
    browsers)
      [ -z "${SKIP_BROWSERS:-}" ] || continue
      tool chromium chromium; tool firefox-esr firefox-esr
      tool WebKitWebDriver webkit2gtk-driver; tool Xvfb xvfb ;;
    models) tool python3 python3; python3 -m pip --version > /dev/null 2>&1 ||
      packages="$packages python3-pip"; tool sha256sum coreutils ;;
    *) echo "toolchain: unknown target $target" >&2; exit 2 ;;
  esac
done
[ -n "$packages" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then sudo='sudo -n'; fi
if ! have apt-get || { [ -n "$sudo" ] && ! sudo -n true 2> /dev/null; }; then
  echo "toolchain: please install:$packages (Debian's names; for emscripten an emsdk will do)" >&2
  exit 1
fi
echo "toolchain: installing$packages" >&2
# One update a machine is enough; without lists nothing can be installed.
$sudo sh -c 'set -- /var/lib/apt/lists/*Packages*; [ -e "$1" ] || apt-get update -q > /dev/null'
# shellcheck disable=SC2086 # a list of names
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages \
  < /dev/null > /dev/null
