# What to build. Names of the engine options are those of the PaddleX guides; so is the custom that
# an environment variable of the same name gives the default (-D and an existing cache win).
function(hpinfer_build_option name help default)
  if(DEFINED ENV{${name}})
    if(NOT "$ENV{${name}}" MATCHES "^(ON|OFF|1|0|TRUE|FALSE|YES|NO|on|off|true|false|yes|no)$")
      message(FATAL_ERROR "The environment variable ${name} is ON or OFF; it is '$ENV{${name}}'.")
    endif()
    set(default "$ENV{${name}}")
  endif()
  option(${name} "${help}" ${default})
  set(HPINFER_BUILD_OPTIONS ${HPINFER_BUILD_OPTIONS} ${name} PARENT_SCOPE)  # told by build_info()
endfunction()

hpinfer_build_option(ENABLE_ORT_BACKEND "ONNX Runtime, opened at run time" ON)
hpinfer_build_option(ENABLE_OPENVINO_BACKEND "OpenVINO, opened at run time" ON)
hpinfer_build_option(ENABLE_PADDLE_BACKEND "Paddle Inference, through its Python API" ON)
hpinfer_build_option(ENABLE_TRT_BACKEND
  "TensorRT, opened at run time; needs its headers (TENSORRT_ROOT)" OFF)
hpinfer_build_option(ENABLE_OM_BACKEND "Ascend's compiled models, AscendCL opened at run time" ON)
hpinfer_build_option(WITH_GPU "Kernels for NVIDIA GPUs; needs the CUDA toolkit" OFF)
if(NOT (ENABLE_ORT_BACKEND OR ENABLE_OPENVINO_BACKEND OR ENABLE_PADDLE_BACKEND
        OR ENABLE_TRT_BACKEND OR ENABLE_OM_BACKEND))
  message(FATAL_ERROR "A build without any engine runs nothing: set ENABLE_ORT_BACKEND, "
                      "ENABLE_OPENVINO_BACKEND, ENABLE_PADDLE_BACKEND, ENABLE_TRT_BACKEND or "
                      "ENABLE_OM_BACKEND to ON.")
endif()

if(DEFINED SKBUILD)
  set(building_wheel ON)
else()
  set(building_wheel OFF)
endif()
option(HPINFER_BUILD_PYTHON "The Python extension module" ${building_wheel})
if(building_wheel)
  option(HPINFER_BUILD_TESTS "The C++ tests" OFF)
else()
  option(HPINFER_BUILD_TESTS "The C++ tests" ON)
endif()
option(HPINFER_WARNINGS_AS_ERRORS "Treat warnings as errors" OFF)
option(HPINFER_FUZZERS "The fuzz targets as libFuzzer programs with sanitizers; needs clang" OFF)
if(HPINFER_FUZZERS AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "HPINFER_FUZZERS needs clang, which has libFuzzer; the compiler is "
                      "${CMAKE_CXX_COMPILER_ID}. Without it, ctest runs the fuzz targets on their "
                      "corpora and on a fixed set of mutations.")
endif()
set(HPINFER_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_package(Threads REQUIRED)
