#!/usr/bin/env bash
# The main job, on the twin, with the installed commands alone: what is typed here can be typed by hand.
#   examples/demo.sh [TARGET_NM] [SEED]
set -euo pipefail
target_nm=${1:-520}
seed=${2:-0}
here=$(cd "$(dirname "$0")" && pwd)
out=${OSTWALD_DEMO_OUT:-demo-out}
rm -rf "$out"
mkdir -p "$out/keys"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export OSTWALD_DEVICE=127.0.0.1:$port
# The device trusts the key that the trainer makes below, and no other.
export XDG_CONFIG_HOME=$PWD/$out/keys

step() { printf '\n== %s\n' "$*"; }

step "a key to sign models with, and a rig that trusts it"
ostwald-trainer keygen --out "$out/keys" >/dev/null
sed "s#^trusted_keys = .*#trusted_keys = [\"$PWD/$out/keys/signing-key.pub\"]#" \
    "$here/rigs/silver-twin.toml" >"$out/rig.toml"

step "the daemon, with the silver twin behind the board's frames"
ostwaldd run --rig "$out/rig.toml" --clock lockstep --seed "$seed" --state "$out/state" --listen "$OSTWALD_DEVICE" \
    2>"$out/daemon.log" &
daemon=$!
trap 'kill "$daemon" 2>/dev/null; wait "$daemon" 2>/dev/null || true' EXIT
ostwald status --wait 30

step "an initial data set: a Latin hypercube"
ostwald campaign start "$here/campaigns/silver-explore.toml" --seed "$seed" --wait
ostwald campaign export silver-explore --out "$out/trials.csv"

step "a surrogate: fitted, compared, signed, pushed, promoted"
ostwald-trainer fit "$out/trials.csv" --target peak_wavelength --target fwhm --target 'absorbance*' \
    --algorithms ridge,forest,gp --split kfold:5 --seed "$seed" --name silver --key "$out/keys/signing-key.pem" \
    --out "$out/silver"
ostwald model push "$out/silver"
ostwald model promote silver

step "the campaign: toward $target_nm nm"
ostwald campaign start "$here/campaigns/silver-target.toml" --seed "$seed" \
    --set "objectives.peak_wavelength.target=$target_nm nm" --wait
ostwald-trainer report silver-target --device "$OSTWALD_DEVICE" --out "$out/report.html"
echo "report: $out/report.html"
