#!/usr/bin/env bash
# Builds the wheel inside a manylinux container, as the PaddleX guides do it for ultra-infer: the same
# name, the same variables. The wheel is left in dist/ of the repository.
#
#   CONTAINER_NAME           name of the container                             hpinfer_build
#   PYTHON_VERSION           3.10 to 3.14, with or without a patch number      3.10.0
#   ENABLE_ORT_BACKEND       each ON or OFF                                    ON
#   ENABLE_OPENVINO_BACKEND                                                    ON
#   ENABLE_PADDLE_BACKEND                                                      ON
#   ENABLE_OM_BACKEND                                                          ON
#   WITH_GPU                 ON needs an image with the CUDA toolkit           OFF
#   MANYLINUX_IMAGE          PyPA's image, as your registry or a mirror        pypa/manylinux_2_28_<machine>
#                            names it
#   http_proxy, https_proxy  passed on
#
# scripts/build_wheel.py does the same without a container.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
  echo "set_up_docker_and_build_py.sh: $*" >&2
  exit 2
}

# An option of the guides that hpinfer has no use for must not be taken silently.
refuse() {
  local name="$1" why="$2"
  [ "${!name:-OFF}" = OFF ] || fail "$name=${!name}: $why"
}
refuse ENABLE_BENCHMARK "timers are always on; unset it"
refuse ENABLE_VISION "vision kernels are always built; unset it"
refuse ENABLE_TEXT "there is no text module; unset it"
refuse ENABLE_TRT_BACKEND "the container has no TensorRT headers; use scripts/build_wheel.py \
--option ENABLE_TRT_BACKEND=ON --option TENSORRT_ROOT=DIR where they are"
refuse DEBUG "use -C cmake.build-type=Debug with pip; unset it"

python_version="${PYTHON_VERSION:-3.10.0}"
[[ "$python_version" =~ ^3\.(10|11|12|13|14)(\.[0-9]+)?$ ]] ||
  fail "PYTHON_VERSION=$python_version: 3.10 to 3.14 are supported"
minor="${BASH_REMATCH[1]}"
options=()
for name in ENABLE_ORT_BACKEND ENABLE_OPENVINO_BACKEND ENABLE_PADDLE_BACKEND ENABLE_OM_BACKEND \
    WITH_GPU; do
  default=ON
  [ "$name" != WITH_GPU ] || default=OFF
  value="${!name:-$default}"
  [[ "$value" =~ ^(ON|OFF)$ ]] || fail "$name=$value: ON or OFF"
  options+=(--option "$name=$value")
done
command -v docker >/dev/null || fail "docker is not installed; scripts/build_wheel.py needs none"

machine="$(uname -m)"
image="${MANYLINUX_IMAGE:-pypa/manylinux_2_28_$machine}"
container="${CONTAINER_NAME:-hpinfer_build}"
proxies=()
for name in http_proxy https_proxy; do
  [ -z "${!name:-}" ] || proxies+=(--env "$name=${!name}")
done

docker run --rm --name "$container" "${proxies[@]}" \
  --volume "$PWD:/source:ro" --volume "$PWD/dist:/wheels" "$image" \
  bash -euo pipefail -c '
    cp -r /source /build && cd /build && rm -rf build
    interpreter="/opt/python/cp3$0-cp3$0/bin/python"
    "$interpreter" scripts/build_wheel.py --python "$interpreter" --out /wheels "$@"
    chown "$(stat -c %u:%g /source)" /wheels/*.whl
  ' "$minor" "${options[@]}"
