# Finds the headers of TensorRT and of the CUDA runtime for ENABLE_TRT_BACKEND, or stops with the
# remedy. No library is linked: they are opened at run time.
set(TENSORRT_ROOT "" CACHE PATH "TensorRT's folder: include/NvInfer.h below it")
set(TRT_DIRECTORY "" CACHE PATH "The same, under the name of the guides")
set(CUDA_DIRECTORY "" CACHE PATH "The CUDA toolkit's folder")
if(ENABLE_TRT_BACKEND)
  # Environment variables of the same names; without the engine they say nothing.
  foreach(name TENSORRT_ROOT TRT_DIRECTORY CUDA_DIRECTORY)
    if(NOT ${name})
      set(${name} "$ENV{${name}}")
    endif()
  endforeach()
endif()

if(TENSORRT_ROOT AND TRT_DIRECTORY AND NOT TENSORRT_ROOT STREQUAL TRT_DIRECTORY)
  message(FATAL_ERROR
    "TENSORRT_ROOT (${TENSORRT_ROOT}) and TRT_DIRECTORY (${TRT_DIRECTORY}) are two names of one "
    "option: give one of them")
endif()
set(tensorrt_folder "${TENSORRT_ROOT}")
if(NOT tensorrt_folder)
  set(tensorrt_folder "${TRT_DIRECTORY}")
endif()
# The guides write Default where they mean: look for it.
if(tensorrt_folder STREQUAL "Default")
  set(tensorrt_folder "")
endif()

if(NOT ENABLE_TRT_BACKEND)
  # Said on the command line it is a mistake; in the environment it may be there for others.
  if(tensorrt_folder AND NOT tensorrt_folder STREQUAL "$ENV{TENSORRT_ROOT}"
     AND NOT tensorrt_folder STREQUAL "$ENV{TRT_DIRECTORY}")
    message(FATAL_ERROR
      "TENSORRT_ROOT or TRT_DIRECTORY is given (${tensorrt_folder}), but ENABLE_TRT_BACKEND is OFF, "
      "so it has no effect: set ENABLE_TRT_BACKEND=ON or leave it out")
  endif()
  return()
endif()

unset(HPINFER_TENSORRT_INCLUDE CACHE)
unset(HPINFER_CUDA_INCLUDE CACHE)
if(tensorrt_folder)
  find_path(HPINFER_TENSORRT_INCLUDE NvInfer.h PATHS "${tensorrt_folder}"
    PATH_SUFFIXES include NO_DEFAULT_PATH)
else()
  find_path(HPINFER_TENSORRT_INCLUDE NvInfer.h)
endif()
if(NOT HPINFER_TENSORRT_INCLUDE)
  message(FATAL_ERROR
    "ENABLE_TRT_BACKEND=ON needs the headers of TensorRT 10 or 11 (NvInfer.h); looked in "
    "'${tensorrt_folder}' and its include folder: set TENSORRT_ROOT, or ENABLE_TRT_BACKEND=OFF")
endif()
if(NOT EXISTS "${HPINFER_TENSORRT_INCLUDE}/NvOnnxParser.h")
  message(FATAL_ERROR
    "${HPINFER_TENSORRT_INCLUDE} has no NvOnnxParser.h: TensorRT's own packages have it beside "
    "NvInfer.h; the source repository before 10.16 keeps it in onnx/onnx-tensorrt")
endif()

# 10.13 began to write the numbers through a second macro.
file(STRINGS "${HPINFER_TENSORRT_INCLUDE}/NvInferVersion.h" version_lines
  REGEX "#define (NV_TENSORRT|TRT)_MAJOR(_ENTERPRISE)? +[0-9]+")
string(REGEX MATCH "MAJOR(_ENTERPRISE)? +([0-9]+)" matched "${version_lines}")
set(HPINFER_TENSORRT_MAJOR "${CMAKE_MATCH_2}")
if(NOT HPINFER_TENSORRT_MAJOR MATCHES "^(10|11)$")
  message(FATAL_ERROR
    "${HPINFER_TENSORRT_INCLUDE} holds the headers of TensorRT '${HPINFER_TENSORRT_MAJOR}'; hpinfer "
    "supports 10 and 11: set TENSORRT_ROOT to one of them")
endif()

if(CUDA_DIRECTORY)
  find_path(HPINFER_CUDA_INCLUDE cuda_runtime_api.h PATHS "${CUDA_DIRECTORY}"
    PATH_SUFFIXES include NO_DEFAULT_PATH)
else()
  find_path(HPINFER_CUDA_INCLUDE cuda_runtime_api.h PATHS /usr/local/cuda PATH_SUFFIXES include)
endif()
if(NOT HPINFER_CUDA_INCLUDE)
  message(FATAL_ERROR
    "ENABLE_TRT_BACKEND=ON needs cuda_runtime_api.h, which TensorRT's headers include: set "
    "CUDA_DIRECTORY to the CUDA toolkit")
endif()
message(STATUS "TensorRT ${HPINFER_TENSORRT_MAJOR}: ${HPINFER_TENSORRT_INCLUDE}")
